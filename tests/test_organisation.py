"""org.yml: what is right loads, what is wrong is named with its line."""

from __future__ import annotations

import zoneinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from rnd.errors import OrganisationInvalid
from rnd.organisation import SHIPPED, Template, load_organisation
from tests.helpers.machine import ACME, ROOT
from tests.helpers.organisations import SECTIONS, without_aws

TEXT = ACME.read_text(encoding="utf-8")


def complaint(tmp_path: Path, old: str, new: str) -> str:
    """Load a right file with one thing changed, and return what is said, without the file's name."""
    assert old in TEXT
    path = tmp_path / "org.yml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(OrganisationInvalid) as caught:
        load_organisation(path)
    return caught.value.message.replace(f"{path}:", "")


def line_of(text: str) -> int:
    """Return the line of the right file that holds a text."""
    return next(number for number, line in enumerate(TEXT.splitlines(), 1) if text in line)


def test_what_is_read() -> None:
    organisation = load_organisation(ACME)
    assert (organisation.name, organisation.slug, organisation.repository_prefix) == ("Acme Robotics", "acme", "lab")
    assert organisation.github.teams == {"builders": "maintain"}
    assert organisation.runners.classes["small"].disk_gb == 32


def test_the_shipped_values() -> None:
    organisation = load_organisation()
    if organisation.slug != "synthesia":
        pytest.skip("org.yml is another organisation's by now")
    assert (organisation.name, organisation.slug, organisation.repository_prefix) == ("Synthesia", "synthesia", "rnd")
    assert organisation.github.owner == "Synthesia-Technologies"
    assert organisation.github.teams == {"mlops": "admin", "research-shared": "triage"}
    assert (organisation.require_aws().account, organisation.require_aws().region) == ("812634467557", "eu-west-1")
    assert organisation.image_registry.base_image == "gha-rnd-runner-python-base:py{version}-latest"
    assert organisation.python.versions[0] == "3.8"
    assert organisation.python.default == "3.11"


def test_the_root_file_is_the_one_that_is_packaged() -> None:
    assert SHIPPED.resolve() == Path(__file__).parents[1] / "org.yml"


def test_a_wrong_type(tmp_path: Path) -> None:
    said = complaint(tmp_path, 'account: "000000000042"', "account: 812634467557")
    assert said == (
        f"{line_of('account:')}: aws.account is 812634467557: input should be a valid string; "
        "expected: account ID: twelve digits, quoted"
    )


def test_the_error_that_the_guide_shows(tmp_path: Path) -> None:
    shipped = (ROOT / "org.yml").read_text(encoding="utf-8")
    path = tmp_path / "org.yml"
    path.write_text(shipped.replace('account: "812634467557"', "account: 812634467557"), encoding="utf-8")
    with pytest.raises(OrganisationInvalid) as caught:
        load_organisation(path)
    guide = (ROOT / "docs" / "how-to" / "another-organisation.md").read_text(encoding="utf-8")
    assert f"error[organisation-invalid]: …/{caught.value.message.removeprefix(f'{tmp_path}/')}\n" in guide


def test_a_python_version_that_yaml_reads_as_a_number(tmp_path: Path) -> None:
    said = complaint(tmp_path, '"3.10"', "3.10")
    assert said.startswith(f"{line_of('versions:')}: python.versions.1 is 3.1: ")
    assert "quoted, because YAML reads 3.10 as the number 3.1" in said


def test_an_unknown_key_and_the_one_that_was_meant(tmp_path: Path) -> None:
    said = complaint(tmp_path, "region:", "regoin:")
    line = line_of("region:")
    assert f"{line}: aws.regoin is not a key of org.yml; known keys here: account, region," in said
    assert "aws.region is missing; expected: AWS region" in said


def test_a_key_of_an_earlier_version(tmp_path: Path) -> None:
    said = complaint(
        tmp_path, "  reading_role:", "  publishing_role: arn:aws:iam::000000000042:role/p\n  reading_role:"
    )
    assert said == (
        f"{line_of('reading_role:')}: aws.publishing_role was replaced by aws.entry_role and aws.broker: "
        "docs/how-to/set-up-the-pipeline.md"
    )


def test_the_keys_of_aws_that_became_sections(tmp_path: Path) -> None:
    """An org.yml from before providers: each of its keys is named, with its line and the new form."""
    said = complaint(tmp_path, "aws:\n", "aws:\n  codeartifact: {domain: robots}\n  ecr_registry: a\n  base_image: b\n")
    line = line_of("aws:")
    assert said.splitlines() == [
        f"{line + 1}: aws.codeartifact was replaced by the key package_index, with provider: codeartifact and the same "
        "values",
        f"{line + 2}: aws.ecr_registry was replaced by the key image_registry, with provider: ecr, and this value as "
        "its address",
        f"{line + 3}: aws.base_image was moved to the key image_registry",
    ]


def test_an_organisation_without_aws(tmp_path: Path) -> None:
    path = tmp_path / "org.yml"
    path.write_text(without_aws())
    organisation = load_organisation(path)
    assert (organisation.aws, organisation.package_index.provider) == (None, "simple")
    assert organisation.image_registry.job_image("3.11") == "registry.acme.example/lab/acme-base:3.11"
    for needs in (organisation.require_aws, organisation.require_codeartifact):
        with pytest.raises(OrganisationInvalid):
            needs()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("simple\n", "pypi\n", "package_index.provider is 'pypi'; expected: one of 'codeartifact', 'simple'"),
        ("  provider: oci\n", "", "image_registry.provider is missing; expected: one of ecr, oci"),
        ("lab\n", "lab/\n", "image_registry.address is 'registry.acme.example/lab/': invalid format; expected: host"),
        ("https://packages.acme.example/dev/s", "http://a.example/s", "package_index.development.url is 'http://a.ex"),
        ("url: https://packages", "url: https://u:p@packages", "package_index.releases.url is 'https://u:p@packages."),
        ("  development:", "  staging:", "package_index.staging is not a key of org.yml; known keys here: provider, "),
        ("acme.example/dev/\n", "acme.example/releases/\n", "package_index: releases and development have the same a"),
        ("provider: oci", "provider: ecr", "image_registry.address is 'registry.acme.example/lab': invalid format"),
    ],
)
def test_mistakes_in_a_section_with_providers(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "org.yml"
    wrong = SECTIONS.replace(old, new, 1)
    assert wrong != SECTIONS
    path.write_text(without_aws(wrong))
    with pytest.raises(OrganisationInvalid) as caught:
        load_organisation(path)
    assert said in caught.value.message


def test_aws_is_missing_where_it_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "org.yml"
    path.write_text(without_aws().replace("# apps:", "apps:"))
    with pytest.raises(OrganisationInvalid, match=r"aws is missing, which github\.apps needs"):
        load_organisation(path)
    path.write_text(without_aws(SECTIONS.replace("oci", "ecr").replace("/lab", "")))
    with pytest.raises(OrganisationInvalid, match=r"aws is missing, which image_registry\.provider: ecr needs"):
        load_organisation(path)


def test_a_missing_key_inside_a_class(tmp_path: Path) -> None:
    said = complaint(tmp_path, "      disk_gb: 32\n", "")
    assert said == f"{line_of('    small:')}: runners.classes.small.disk_gb is missing; expected: disk size in GB"


def test_a_key_that_is_there_twice(tmp_path: Path) -> None:
    assert complaint(tmp_path, "slug: acme\n", "slug: acme\nname: Acme\n") == "5: duplicate key name"


def test_invalid_yaml(tmp_path: Path) -> None:
    assert complaint(tmp_path, "slug: acme", "slug: [acme").partition(":")[2].startswith(" not valid YAML: ")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("slug: acme", "slug: Ac Me", "slug is 'Ac Me': invalid format"),
        ("builders: maintain", "builders: boss", "github.teams.builders is 'boss': input should be 'pull', 'triage'"),
        (
            "https://conda",
            "http://conda",
            "conda.channels.0 is 'http://conda.example.com/acme': invalid format",
        ),
        ("https://conda", "https://ada:secret@conda", "conda.channels.0: a URL contains a password or a token"),
        ("example.com/acme,", "example.com/t/ab-123/acme,", "conda.channels.0: a URL contains a password or"),
        ("linux-aarch64:", "linux-arm:", "conda.platforms.linux-arm is 'linux-arm': invalid format"),
        ("__glibc:", "glibc:", "conda.platforms.linux-aarch64.glibc is 'glibc': invalid format"),
        ("America/Chicago", "Mars/Base", "runners.timezone: 'Mars/Base' is not an IANA time zone"),
        ('default: "3.11"', 'default: "3.7"', "python: default must be one of versions ("),
        ("maximum: 2", "maximum: 1", "runners.classes.small: maximum must be at least always_on"),
        ('end: "17:00"', 'end: "09:00"', "runners.business_hours: end (09:00) must be later than start (09:00)"),
        (
            "t3.large: 0.5",
            "t3.small: 0.5",
            "runners: prices.instance_hour has no price for t3.large, which class small",
        ),
        ("t3.large: 0.5", "t3.large: .inf", "runners.prices.instance_hour.t3.large is inf: input should be a finite"),
        ("192.168.0.0/20", "8.8.0.0/20", "runners.network.cidr: 8.8.0.0/20 is not a private network of /16 to /24"),
        ("192.168.0.0/20", "192.168.0.1/20", "runners.network.cidr: '192.168.0.1/20' is not an IPv4 network"),
        ("git@git.example.com:acme/lab-template.git", "lab-template", "template.repository is 'lab-template': invalid"),
        *(
            ("workflow_ref: v7", f"workflow_ref: {text}", "template.workflow_ref")
            for text in ('"v7 # x"', '"v7: x"', '"v7}"', "v7..x", "-v7", '"v7\\n"', '"7"', "refs/heads/", '"*v7"')
        ),
        ("python:{version}", '"python:{version}{0}"', "docker.base_image is 'python:{version}{0}': invalid format"),
        ('start: "09:00"', 'start: "8"', "runners.business_hours.start is '8': invalid format"),
        (
            "development_repository: wheels-of-branches",
            "development_repository: wheels",
            "package_index: repository and development_repository are both wheels; they must differ",
        ),
        ("release: Iv1.acme-release", "release: Iv1.acme-version", "github.apps: version and release are the same app"),
        ("broker: acme_broker", "broker: acme/broker", "aws.broker is 'acme/broker': invalid format"),
        (
            "trusted: [self-hosted, clean]",
            "trusted: [self-hosted]",
            "runners: trusted also selects the machines of class small, which run the code of repositories",
        ),
        (
            "copyright: (C)",
            'copyright: "two\\nlines" #',
            "copyright is 'two\\nlines': invalid format",
        ),
    ],
)
def test_a_value_that_cannot_be(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in complaint(tmp_path, old, new)


def test_who_hosts_the_trusted_machines(tmp_path: Path) -> None:
    assert not load_organisation(ACME).runners.trusted_is_hosted
    path = tmp_path / "org.yml"
    path.write_text(TEXT.replace("trusted: [self-hosted, clean]", "trusted: [ubuntu-latest]"), encoding="utf-8")
    assert load_organisation(path).runners.trusted_is_hosted


@pytest.mark.parametrize("start", ["https://github.com/", "git@github.com:", "ssh://git@github.com/", "gh:"])
@pytest.mark.parametrize("end", ["", ".git", ".git/", "/"])
def test_the_template_is_named_alike_by_all_forms_of_its_address(start: str, end: str) -> None:
    template = Template(repository=f"{start}Acme/the.template{end}", workflow_ref="v1")
    assert template.full_name == "Acme/the.template"


def test_time_zones_are_known_where_the_system_knows_none() -> None:
    zoneinfo.reset_tzpath(to=[])  # as in a slim image
    ZoneInfo.clear_cache()
    try:
        assert load_organisation(ACME).runners.timezone == "America/Chicago"
    finally:
        zoneinfo.reset_tzpath()
        ZoneInfo.clear_cache()


@pytest.mark.parametrize("name", ["Mars/Base", "Europe", "../etc/passwd", "", "europe/\\u0000"])
def test_what_is_no_time_zone(tmp_path: Path, name: str) -> None:
    assert "runners.timezone" in complaint(tmp_path, "timezone: America/Chicago", f'timezone: "{name}"')


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is None"),
        (b"- a list", "the file is ['a list']"),
        (b"\xff\xfe", "not valid UTF-8 at byte 0"),
        (b"name: \x07", "not valid YAML"),
        (b"name: !!timestamp x", "not valid YAML"),
        (b"name: " + b"[" * 2000, "not valid YAML: it is deeper than 50 levels"),
    ],
)
def test_a_file_that_is_no_organisation_at_all(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "org.yml"
    path.write_bytes(content)
    with pytest.raises(OrganisationInvalid) as caught:
        load_organisation(path)
    assert said in caught.value.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OrganisationInvalid, match="No such file or directory"):
        load_organisation(tmp_path / "org.yml")


def test_the_shipped_copyright_and_license_are_those_of_the_specification() -> None:
    shipped = load_organisation()
    assert shipped.copyright == "Copyright (c) Synthesia Limited - All Rights Reserved"
    assert shipped.license == (
        "Unauthorized copying of this file, via any medium is strictly prohibited. Proprietary and confidential."
    )
