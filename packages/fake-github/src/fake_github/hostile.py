"""Names, descriptions and topics that GitHub accepts and that careless programs stumble over. Touches nothing.

Names of repositories: https://docs.github.com/en/rest/repos/repos#create-an-organization-repository
Topics: https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/classifying-your-repository-with-topics
"""

from __future__ import annotations

# A number is appended to each.
NAMES = ("-rf-", "--help-", "...", "__proto__", "null-", "CON.", "a" * 90, "0x", "-", "_", "main.git-", "constructor")
DESCRIPTIONS = (
    "<script>document.title = 'owned'</script>",
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script><!--",
    "\"'><svg onload=alert(1)>",
    '=HYPERLINK("http://example.com","click")',
    "|cell|::error::injected%0Aline",
    "{{ 7 * 7 }} {% raw %} ${7*7} #{7*7}",
    "\u202egnp.exe \u200b\ufeff \U0001f4a9 e\u0301\u0301\u0301\u0301",
    "[link](javascript:alert(1)) ![](http://example.com/pixel)",
    "\x1b[31mred\x1b[0m \x07",
    "null",
    "d" * 350,
)
TOPICS = ("t" * 50, "0", "null", "constructor", "a--b", "script-alert-1")
