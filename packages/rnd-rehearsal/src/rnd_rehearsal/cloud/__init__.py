"""The parts of an AWS account that a job talks to, on the loopback interface: STS, KMS, Lambda and IAM's decisions.

Each service is validated against the service model that boto3 uses, and asks the account for every call.
"""
