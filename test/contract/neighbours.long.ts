import t from "tap"
import { named, openWorld, project } from "../support/daemon.ts"
import { openSickHost, type Sickness } from "../support/sick.ts"

/**
 * From a commit to its being applied, for a source beside 0, 1, 4, 12 and 50 whose host is ill. The table is printed; what is
 * asserted is that every commit is applied while none of those that hang is over.
 */
const world = await openWorld()
t.setTimeout(1_800_000)
t.teardown(() => world[Symbol.asyncDispose]())
const commits = 5
const ill: readonly (readonly [string, Sickness])[] = [
  ["Git", "hang"],
  ["Git", "drip"],
  ["Git", "reset"],
  ["Prefect", "hang"],
  ["Prefect", 503],
  ["Prefect", 429],
]
const kinds = process.env["NEIGHBOURS"]
  ? ill.filter(([, sickness]) => String(sickness) === process.env["NEIGHBOURS"])
  : ill

t.comment("| beside | 0 | 1 | 4 | 12 | 50 |")
for (const [system, sickness] of kinds)
  await t.test(`${system} ${sickness}`, async (t) => {
    const cells: string[] = []
    for (const count of [0, 1, 4, 12, 50]) {
      await using host = await openSickHost(sickness)
      const name = `many-${system.toLowerCase()}-${sickness}-${count}`
      const repository = world.repository(name)
      repository.commit(project(name, named("d0")))
      const place = (n: number) =>
        system === "Git" ? { url: `${host.url}/r${n}.git` } : { url: repository.url, workspace: "sick" }
      const sick = Array.from({ length: count }, (_, n) => ({ name: `sick-${n}`, interval: "2s", ...place(n) }))
      await using daemon = await world.daemon({
        installation: name,
        sources: [...sick, { name: "main", url: repository.url }],
        workspaces: [{ name: "sick", apiUrl: `${host.url}/api`, driftInterval: "1s" }],
      })
      t.match(await daemon.sync("main"), { state: "synced" })
      const took: number[] = []
      for (let n = 1; n <= commits; n++) {
        repository.commit(project(name, { d0: { parameters: { limit: n } } }))
        const started = performance.now()
        t.match(await daemon.sync("main"), { state: "synced", lastTurn: { changes: { update: 1 } } })
        took.push(performance.now() - started)
      }
      const statuses = await Promise.all(sick.map((source) => daemon.status(source.name)))
      if (sickness === "hang") t.ok(statuses.every(({ state }) => state !== "synced"))
      cells.push(`${(took.toSorted((a, b) => a - b)[Math.floor(commits / 2)] ?? 0).toFixed(0)} ms`)
    }
    t.comment(`| ${system} ${sickness} | ${cells.join(" | ")} |`)
  })
