"""The broker: gives a job credentials that are limited to the job's own repository.

This folder is the whole code of a Lambda function. It uses the standard library and boto3 and imports nothing of `rnd`.
Its configuration is one environment variable; `rnd.runners.stack.configuration` writes it.
"""
