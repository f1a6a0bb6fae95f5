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
# Not needed before an image is built. The runner waits until the output is closed, so this prints nothing.
load repository.tar >/dev/null 2>&1 </dev/null &
exit 0
