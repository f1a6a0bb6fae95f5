"""Known vulnerabilities of the packages that repositories lock: read the locks, ask a service, report.

Nothing runs in a repository, and each version of a package is looked up once for all repositories.
"""
