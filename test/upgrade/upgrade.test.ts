import t from "tap"
import { named, openWorld, project, type TestDaemon } from "../support/daemon.ts"
import { version as now } from "../../src/version.ts"
import { daemonOf, versions } from "./versions.ts"

/** A workspace made by each older version, taken over by this one: nothing happens but what CHANGELOG's "Upgrading" lists. */
const world = await openWorld()
t.setTimeout(900_000)
t.teardown(() => world[Symbol.asyncDispose]())

const isWrite = ({ method, path }: { method: string; path: string }) =>
  method !== "GET" && !/\/(filter|count)$/.test(path)
/** Six that stay as they are, and what a workspace has after some months beside them. */
const sources = ["main", "suspended", "pinned", "emptied", "heir"] as const
const steady = ["s1", "s2", "s3", "s4", "s5", "s6"]

function repositoriesOf(flow: (source: string) => string) {
  const all = new Map([...sources, "left"].map((name) => [name, world.repository(flow(name))]))
  return {
    commit: (name: string, files: Readonly<Record<string, string>>) => all.get(name)?.commit(files),
    url: (name: string) => ({ name, url: all.get(name)?.url ?? "", pullCommit: "tree" }),
    head: (name: string) => all.get(name)?.git("rev-parse", "HEAD") ?? "",
  }
}

/** What each source has come to after three rounds: its state, what holds it, and its problems. */
async function settled(daemon: TestDaemon): Promise<Readonly<Record<string, unknown>>> {
  const states: Record<string, unknown> = {}
  for (const round of [1, 2, 3]) {
    for (const name of sources) {
      if (name !== "suspended" || round > 1) await daemon.sync(name)
      const { state, problems, hold } = await daemon.status(name)
      const why = hold?.reasons.map(({ code }) => code) ?? []
      states[name] = [state, why, [...new Set(problems.map(({ code }) => code))]]
    }
  }
  return states
}

for (const version of Object.keys(versions) as (keyof typeof versions)[])
  await t.test(`a workspace of ${version} is taken over without a surprise`, async (t) => {
    const installation = `upgraded-${version.replaceAll(".", "-")}`
    const flow = (source: string): string => `${installation}-${source}`
    const { commit, url, head } = repositoriesOf(flow)
    const image = { work_pool: { name: "pool", job_variables: { image: "registry.example.com/etl:1" } } }
    const below = project(flow("main"), { below: { entrypoint: "flows.py:flow_of_this_test" } })
    const mainFiles = (...names: readonly string[]) => ({
      ...project(flow("main"), { ...named(...names), image }),
      "app/prefect.yaml": below["prefect.yaml"] ?? "",
      "app/flows.py": below["flows.py"] ?? "",
    })

    // Made by the older version.
    const open = await daemonOf(version)
    commit("main", mainFiles(...steady, "orphan"))
    for (const name of ["suspended", "pinned", "emptied", "left"]) commit(name, project(flow(name), named("a", "b")))
    const heir = { ...url("left"), name: "heir", adopt: "never" }
    const configured = [url("main"), url("suspended"), url("pinned"), url("emptied")]
    const before = await world.daemon({ installation, sources: [...configured, url("left")], open })
    for (const name of ["main", "suspended", "pinned", "emptied", "left"]) {
      // The first look of the older version may be one that its own start cut short.
      await before.sync(name)
      const status = await before.sync(name)
      if (status.state !== "synced") throw new Error(`${name}: ${JSON.stringify(status)}`)
    }
    await before.configure({ sources: [...configured, heir] })
    await before.sync("heir")
    await before.operate("suspended", "suspend", { reason: "incident 7", by: "ada" })
    const pinned = head("pinned")
    await before.operate("pinned", "pin", { revision: pinned, reason: "bad release", by: "ada" })
    commit("pinned", project(flow("pinned"), named("a", "b", "c")))
    commit("suspended", project(flow("suspended"), named("a")))
    commit("emptied", { "prefect.yaml": "deployments: []\n" })
    commit("main", mainFiles(...steady))
    for (const name of ["main", "pinned", "emptied", "heir"]) await before.sync(name)
    const digest = (await before.status("emptied")).hold?.digest
    t.match(digest, /^[0-9a-f]+$/)
    await before[Symbol.asyncDispose]()
    const flows = [...sources, "left"].map((name) => flow(name))
    const live = async () =>
      Object.fromEntries(await Promise.all(flows.map(async (f) => [f, await world.deployments(f)])))
    const made = await live()

    // Taken over by this one.
    const requests = world.gateway.requests.length
    const daemon = await world.daemon({ installation, sources: [...configured, heir] })
    const written = () => world.gateway.requests.slice(requests).filter((one) => isWrite(one))
    const states = await settled(daemon)
    t.strictSame(await live(), made, "no deployment was written")
    t.ok(
      written().every(({ path }) => path.startsWith("/variables")),
      "only records",
    )
    t.ok(written().length <= sources.length, `once each at most, and not ${written().length} times`)
    t.strictSame(
      states,
      {
        main: ["held", ["mass-update"], []],
        suspended: ["suspended", [], []],
        pinned: ["synced", [], []],
        emptied: ["held", ["empty"], []],
        heir: ["degraded", [], ["owned-by-other"]],
      },
      "as Upgrading says",
    )
    const { hold } = await daemon.status("main")
    t.strictSame(hold?.victims.map(({ key }) => key.split("/")[1]).toSorted(), ["below", "image"])
    t.match(hold?.reasons, [{ message: `this is Lockstep ${now}, and ${version} wrote before it` }])
    t.match((await daemon.status("suspended")).suspend, { reason: "incident 7", by: "ada" })
    t.match((await daemon.status("pinned")).pin, { revision: pinned, by: /ada/ })
    t.match((await world.record(installation, "main"))?.value, { version }, "it isn't settled before a person agreed")

    // What a person does, as Upgrading says it.
    t.match(await daemon.operate("emptied", "confirm", { digest }), { status: 200 }, "the digest that they saw before")
    t.match(await daemon.confirm("main"), { state: "synced", lastTurn: { changes: { update: 2 } } })
    t.match((await world.record(installation, "main"))?.value, { version: now })
    t.match(await daemon.api("POST", "/api/v1/sources/left/release", {}), { status: 200 })
    await daemon.sync("heir")
    t.strictSame([...new Set((await daemon.status("heir")).problems.map(({ code }) => code))], ["not-adopted"])
    t.match((await world.deployments(flow("main")))["orphan"], { paused: true })
  })
