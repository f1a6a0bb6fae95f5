"""The AWS CDK stacks of the runners and of publishing."""
