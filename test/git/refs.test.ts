import { execFileSync } from "node:child_process"
import t from "tap"
import type { Ref } from "../../src/core/source.ts"
import type { GitError } from "../../src/lib/errors.ts"
import { openGitServer } from "../support/git-server.ts"
import { asRevision, branch, failure, head, headTree, openClient, remoteAt, signal } from "./remote.ts"

/** Polls of a real `git http-backend`: what each kind of ref resolves to, and what is no answer. */

const server = await openGitServer()
t.teardown(() => server[Symbol.asyncDispose]())

await t.test("each kind of ref resolves to its commit, with branches named", async (t) => {
  await using client = openClient()
  const repository = server.createRepository("refs")
  const first = repository.commit({ "a.txt": "1" })
  repository.git("tag", "light")
  repository.git("tag", "--annotate", "--message", "x", "annotated")
  repository.git("push", "--quiet", "--tags", "origin")
  const second = repository.commit({ "a.txt": "2" })
  const other = repository.commit({ "a.txt": "3" }, "team/x")
  const table: readonly (readonly [Ref, string, string | null, string | null])[] = [
    [branch("main"), second, "refs/heads/main", "main"],
    [branch("team/x"), other, "refs/heads/team/x", "team/x"],
    [{ kind: "tag", name: "light" }, first, "refs/tags/light", null],
    [{ kind: "tag", name: "annotated" }, first, "refs/tags/annotated", null],
    [{ kind: "name", name: "refs/heads/main" }, second, "refs/heads/main", "main"],
    [{ kind: "name", name: "refs/tags/annotated" }, first, "refs/tags/annotated", null],
    [head, second, "refs/heads/main", "main"],
    [{ kind: "commit", id: first }, first, null, null],
  ]
  const remote = remoteAt(repository.url)
  for (const protocol of ["new", "old"]) {
    server.fault = () => (protocol === "old" ? { kind: "oldProtocol" } : null)
    await using fresh = openClient()
    for (const [ref, revision, refName, named] of table) {
      const result = await fresh.git.resolve(remote, ref, 0, signal)
      t.strictSame(result, { revision, refName, branch: named }, `${protocol} ${JSON.stringify(ref)}`)
    }
  }
  server.fault = null
  t.equal((await client.git.tree(remote, asRevision(first), signal)).entries.size, 2)
})

await t.test("a force-push is followed, forth and back", async (t) => {
  await using client = openClient()
  const repository = server.createRepository("forced")
  const remote = remoteAt(repository.url)
  const first = repository.commit({ "prefect.yaml": "first", "a/b": "x" })
  t.equal((await headTree(client, remote)).revision, first)
  repository.git("checkout", "--quiet", "--orphan", "anew")
  const second = repository.commit({ "prefect.yaml": "second", "a/b": null, "c/d": "y" })
  const tree = await headTree(client, remote)
  t.equal(tree.revision, second)
  t.strictSame([...tree.entries.keys()].toSorted(), ["", "c", "c/d", "prefect.yaml"])
  repository.git("push", "--quiet", "--force", "origin", `${first}:refs/heads/main`)
  t.strictSame([...(await headTree(client, remote)).entries.keys()].toSorted(), ["", "a", "a/b", "prefect.yaml"])
})

await t.test("a ref is missing only when the server listed others", async (t) => {
  await using client = openClient()
  const repository = server.createRepository("gone")
  const remote = remoteAt(repository.url)
  const empty = await failure(client.git.resolve(remote, branch("main"), 0, signal))
  t.strictSame(empty, ["git-no-refs", "stalled"])
  repository.commit({ a: "1" })
  repository.commit({ a: "2" }, "side")
  t.equal((await client.git.resolve(remote, branch("side"), 0, signal)).branch, "side")
  repository.git("push", "--quiet", "origin", ":refs/heads/side")
  for (const ref of [
    branch("side"),
    { kind: "tag", name: "main" },
    { kind: "name", name: "refs/heads/mai" },
  ] as const) {
    t.strictSame(await failure(client.git.resolve(remote, ref, 0, signal)), ["ref-not-found", "stalled"])
  }
})

await t.test("a branch or tag that isn't there is answered with those that are", async (t) => {
  await using client = openClient()
  const repository = server.createRepository("listed")
  const remote = remoteAt(repository.url)
  repository.commit({ a: "1" })
  repository.commit({ a: "2" }, "release")
  const says = (ref: Parameters<typeof client.git.resolve>[1]) =>
    client.git.resolve(remote, ref, 0, signal).then(String, ({ message }: Error) => message)

  t.match(
    await says(branch("mian")),
    /has no refs\/heads\/mian: was it deleted or renamed\? did you mean main\? it has main, release$/,
  )
  t.match(await says(branch("something-else")), /deleted or renamed\? it has main, release$/)
  t.match(await says({ kind: "name", name: "refs/heads/relase" }), /did you mean release\?/)
  t.match(await says({ kind: "tag", name: "v1" }), /has no refs\/tags\/v1: was it deleted or renamed\?$/)
  for (let n = 0; n < 25; n++) repository.git("push", "--quiet", "origin", `HEAD:refs/heads/feature-${n}`)
  t.match(await says(branch("nothing-like-it")), / and 7 more$/, "never all of very many")
})

await t.test(
  "a commit that the server doesn't have is said to be missing, a thing that isn't one to be bad",
  async (t) => {
    await using client = openClient()
    const repository = server.createRepository("missing")
    const remote = remoteAt(repository.url)
    repository.commit({ a: "1" })
    const tree = (id: string) => failure(client.git.tree(remote, asRevision(id), signal))
    t.strictSame(await tree("1234567890".repeat(4)), ["revision-not-found", "stalled"])
    const blob = repository.git("rev-parse", "HEAD:a")
    t.equal((await tree(blob))?.[1], "stalled")
    t.equal((await headTree(client, remote)).entries.has("a"), true)
  },
)

await t.test("a SHA-256 repository is refused with what to do", async (t) => {
  await using client = openClient()
  const { folder, url } = server.createRepository("sha256")
  execFileSync("rm", ["-rf", folder])
  execFileSync("git", ["init", "--quiet", "--bare", "--object-format=sha256", folder])
  const git = (...args: readonly string[]) =>
    execFileSync("git", ["-C", folder, ...args], { encoding: "utf8", input: "" }).trim()
  const identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
  const commit = git(...identity, "commit-tree", "-m", "x", git("mktree"))
  git("update-ref", "refs/heads/main", commit)
  git("symbolic-ref", "HEAD", "refs/heads/main")
  for (const protocol of ["new", "old"]) {
    server.fault = () => (protocol === "old" ? { kind: "oldProtocol" } : null)
    const error = (await client.git
      .resolve(remoteAt(url), head, 0, signal)
      .catch((thrown: unknown) => thrown)) as GitError
    t.equal(error.kind, "stalled", protocol)
    t.match(error.message, /SHA-1|sha256/i)
  }
  server.fault = null
})

await t.test("callers at one time share one poll for each URL, credentials and ref", async (t) => {
  await using client = openClient()
  const repository = server.createRepository("shared")
  repository.commit({ a: "1" })
  repository.commit({ a: "2" }, "side")
  const remote = remoteAt(repository.url)
  const credentials = { username: "u", password: { kind: "env", name: "X" } } as const
  await client.git.resolve(remote, head, 0, signal)
  await client.git.resolve({ ...remote, credentials }, head, 0, signal)
  const polls = () => server.requests.filter(({ path }) => path === "/shared.git/git-upload-pack").length
  const before = polls()
  await Promise.all(Array.from({ length: 20 }, () => client.git.resolve(remote, branch("main"), 5_000, signal)))
  t.equal(polls() - before, 1)
  await client.git.resolve(remote, branch("main"), 60_000, signal)
  t.equal(polls() - before, 1)
  await client.git.resolve(remote, branch("side"), 60_000, signal)
  await client.git.resolve({ ...remote, credentials }, branch("main"), 60_000, signal)
  t.equal(polls() - before, 3)
  await client.git.resolve(remote, branch("main"), -1, signal)
  t.equal(polls() - before, 4)
})

await t.test("one caller's abort doesn't end the poll that others wait for", async (t) => {
  await using client = openClient()
  const repository = server.createRepository("aborted")
  const revision = repository.commit({ a: "1" })
  const remote = remoteAt(repository.url)
  const controller = new AbortController()
  const given = client.git.resolve(remote, head, 5_000, controller.signal).catch((error: unknown) => error as Error)
  const kept = client.git.resolve(remote, head, 5_000, signal)
  controller.abort(new Error("enough"))
  t.equal(((await given) as Error).message, "enough")
  t.equal((await kept).revision, revision)
})
