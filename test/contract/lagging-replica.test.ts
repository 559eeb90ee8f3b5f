import { createHmac } from "node:crypto"
import t, { type Test } from "tap"
import { lockstep } from "../cli/shell.ts"
import { named, openWorld, project, until, type TestDaemon } from "../support/daemon.ts"

/** A Git host tells of a commit, by webhook or to CI, before the replica that is polled shows it. */

const world = await openWorld()
t.teardown(() => world[Symbol.asyncDispose]())
const secret = "test-token"

/** A synced source that polls once an hour, and a commit on its way to it. */
async function openScene(t: Test, name: string) {
  const repository = world.repository(name)
  const old = repository.commit(project(name, named("first")))
  const receiver = { provider: "github", secret: { env: "LOCKSTEP_TOKEN" } }
  const source = { name: "main", url: repository.url, ref: { branch: "main" }, receiver }
  const daemon = await world.daemon({ installation: name, sources: [source] })
  t.teardown(() => daemon[Symbol.asyncDispose]())
  t.equal((await daemon.sync("main")).state, "synced")
  const polls = () => world.git.requests.filter(({ path, body }) => path.includes(name) && body.includes("ls-refs"))
  // Its objects are there, its branch isn't yet.
  const commit = repository.commit(project(name, named("first", "second")), "on-its-way")
  const arrive = () => repository.git("push", "--quiet", "--force", "origin", `${commit}:refs/heads/main`)
  return { daemon, old, commit, arrive, polls: () => polls().length, live: () => world.deployments(name) }
}

async function hook(daemon: TestDaemon, payload: object): Promise<number> {
  const body = JSON.stringify(payload)
  const signature = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`
  const headers = { "x-hub-signature-256": signature }
  return (await fetch(`${daemon.address}/hooks/main`, { method: "POST", body, headers })).status
}

await t.test("a commit that a webhook names before the polls show it is looked for until it is there", async (t) => {
  const { daemon, old, commit, arrive, polls, live } = await openScene(t, "hooked")
  const before = polls()
  t.equal(await hook(daemon, { ref: "refs/heads/main", before: old, after: commit }), 202)
  await until("looked at again, without another hook", async () => polls() >= before + 2)
  t.strictSame(Object.keys(await live()), ["first"])
  arrive()
  await until("applied", async () => (await daemon.status("main")).revision.applied === commit)
  t.strictSame(Object.keys(await live()), ["first", "second"])
})

await t.test("sync --commit ends well only with a turn that saw that commit", async (t) => {
  const { daemon, old, commit, arrive, polls } = await openScene(t, "asked")
  const environment = { LOCKSTEP_SERVER: daemon.address, LOCKSTEP_TOKEN: secret }
  const sync = (...more: readonly string[]) => lockstep(["sync", "main", "--commit", commit, ...more], { environment })
  t.match(await sync("--wait", "1ms"), { code: 1, err: new RegExp(`commit ${commit} wasn't seen: .*${old}`) })
  const before = polls()
  const waiting = sync("--wait", "5m", "--json")
  await until("looked at again while somebody waits", async () => polls() >= before + 2)
  arrive()
  const { code, out } = await waiting
  t.match({ code, status: JSON.parse(out) as unknown }, { code: 0, status: { revision: { applied: commit } } })
})

await t.test("sync --commit says at once what stands in its way", async (t) => {
  const { daemon, old, commit } = await openScene(t, "in-the-way")
  const ask = (body: object, wait = "?wait=5m") => daemon.api("POST", `/api/v1/sources/main/sync${wait}`, body)
  t.match(await ask({ commit: "main" }), { status: 400, body: { detail: /full commit id/ } })
  t.match(await ask({ commit, more: 1 }), { status: 400 })
  t.match(await ask({ commit }, ""), { status: 400, body: { detail: /wait=/ } })
  await daemon.operate("main", "pin", { revision: old, reason: "bad release" })
  t.match(await ask({ commit }), { status: 409, body: { code: "commit-not-shown", detail: /unpin it first/ } })
  t.match(await ask({ commit: old }), { status: 200, body: { revision: { observed: old } } })
})
