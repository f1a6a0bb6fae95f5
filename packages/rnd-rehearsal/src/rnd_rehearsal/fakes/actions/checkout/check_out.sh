# Checks a commit out of the fake GitHub, as actions/checkout does. Sourced by the bash of a step.
# Bash and git alone: every job checks out, and starting Python was half of what that cost.
# shellcheck shell=bash

# In the environment, not in an argument: command lines are public on a machine.
header="AUTHORIZATION: basic $(printf 'x-access-token:%s' "$TOKEN" | base64 | tr -d '\n')"

signed_git() { # git, with the token for the fake GitHub
    GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="http.$GITHUB_SERVER_URL/.extraheader" GIT_CONFIG_VALUE_0=$header \
        GIT_TERMINAL_PROMPT=0 git "$@"
}

configure() { # a section, a key, a value; written directly, because each call of `git config` is a process
    printf '[%s]\n\t%s = "%s"\n' "$@" >>.git/config
}

# Without a ref, the commit of the run; of a pull request that is the merge, which only its own ref leads to.
own=$GITHUB_SHA
[[ $GITHUB_REF != refs/pull/* ]] || own=$GITHUB_REF
[[ $REPOSITORY = "$GITHUB_REPOSITORY" ]] || own=HEAD
wanted=${REF:-$own}

# What is fetched, where it goes, and what is checked out.
target=$wanted branch=
case "$wanted" in
    HEAD) spec=HEAD target=FETCH_HEAD ;;
    refs/pull/*) target=refs/remotes/${wanted#refs/} spec=+$wanted:$target ;;
    refs/tags/*) spec=+$wanted:$wanted ;;
    *)
        if [[ $wanted =~ ^[0-9a-f]{40}$ ]]; then
            spec=$wanted
        else
            branch=${wanted#refs/heads/} target=refs/remotes/origin/$branch spec=+refs/heads/$branch:$target
        fi
        ;;
esac
options=(--no-recurse-submodules --no-tags) specs=("$spec")
if [ "$DEPTH" = 0 ]; then
    options+=(--prune)
    [ "$spec" = HEAD ] || specs=('+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*' "$spec")
else
    options+=("--depth=$DEPTH")
    [ "$TAGS" != true ] || options+=(--refmap= '+refs/tags/*:refs/tags/*')
fi

mkdir -p "$GITHUB_WORKSPACE"
cd "$GITHUB_WORKSPACE"
mkdir -p "$FOLDER"
cd "$FOLDER"
git init --quiet --initial-branch=main
configure 'remote "origin"' url "$GITHUB_SERVER_URL/$REPOSITORY.git"
configure 'remote "origin"' fetch '+refs/heads/*:refs/remotes/origin/*'
if [ -n "$FILTER" ]; then
    configure extensions partialClone origin
    options+=("--filter=$FILTER")
fi
signed_git -c protocol.version=2 fetch --quiet "${options[@]}" origin "${specs[@]}"
where=(--detach "$target")
[ -z "$branch" ] || where=(-B "$branch" "$target")
signed_git checkout --quiet --force "${where[@]}" # a partial clone fetches what it needs now
if [ "$PERSIST" = true ]; then
    configure "http \"$GITHUB_SERVER_URL/\"" extraheader "$header"
fi
commit=$(git rev-parse HEAD)
echo "checked out $commit"
printf 'ref=%s\ncommit=%s\n' "$REF" "$commit" >>"$GITHUB_OUTPUT"
