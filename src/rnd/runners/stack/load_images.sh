#!/bin/sh
# Runs on a machine before each job, outside its container: gives the job's own Docker daemon, which is new and empty, the
# base images that the image of the runner contains. See kept_images.py.
#
# They have no names here. The runner and the builder ask the registry which image a name is, and download it if it is
# another one. A job does not depend on this, so it never fails.
folder=${1:-/opt/base-images}

load() {
    [ ! -f "$folder/$1" ] || docker load --quiet --input "$folder/$1" >/dev/null ||
        echo "The Docker daemon did not load $1. The job downloads that image."
}

load job.tar
# Only the job that builds the image needs it, and not before it builds: a job with another id downloads it. Hooks have the
# default variables: https://docs.github.com/en/actions/how-tos/manage-runners/self-hosted-runners/run-scripts
# The runner waits until the output is closed, so this prints nothing.
if [ "${GITHUB_JOB-}" = image ]; then
    load repository.tar >/dev/null 2>&1 </dev/null &
fi
exit 0
