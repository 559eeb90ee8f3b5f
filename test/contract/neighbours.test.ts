import t from "tap"
import type { SourceStatus } from "../../src/core/status.ts"
import { named, openWorld, project, until } from "../support/daemon.ts"
import { openSickHost, type Sickness } from "../support/sick.ts"

/** Sources whose Git host or Prefect server is ill, and one elsewhere that doesn't notice. */
const world = await openWorld()
t.setTimeout(120_000)
t.teardown(() => world[Symbol.asyncDispose]())

const neighbours = 12
const ill: readonly (readonly [title: string, system: "Git" | "Prefect", Sickness])[] = [
  ["12 sources whose Git host hangs cost the healthy one nothing", "Git", "hang"],
  ["12 sources whose Git host drips cost the healthy one nothing", "Git", "drip"],
  ["12 sources whose Git host resets cost the healthy one nothing", "Git", "reset"],
  ["12 sources whose Prefect server hangs cost the healthy one nothing", "Prefect", "hang"],
  ["12 sources whose Prefect server answers 503 cost the healthy one nothing", "Prefect", 503],
  ["12 sources whose Prefect server wants to be left alone cost the healthy one nothing", "Prefect", 429],
]

for (const [title, system, sickness] of ill) {
  await t.test(title, async (t) => {
    await using host = await openSickHost(sickness)
    const name = `beside-${system.toLowerCase()}-${sickness}`
    const repository = world.repository(name)
    repository.commit(project(name, named("a")))
    const place = (n: number) =>
      system === "Git" ? { url: `${host.url}/r${n}.git` } : { url: repository.url, workspace: "sick" }
    const sick = Array.from({ length: neighbours }, (_, n) => ({ name: `sick-${n}`, interval: "2s", ...place(n) }))
    const daemon = await world.daemon({
      installation: name,
      sources: [...sick, { name: "main", url: repository.url }],
      workspaces: [{ name: "sick", apiUrl: `${host.url}/api`, driftInterval: "1s" }],
    })
    await until("the sick host is asked", async () => host.asked() > 0)
    t.match(await daemon.sync("main"), { state: "synced", deployments: { owned: 1 } })
    repository.commit(project(name, named("a", "b")))
    t.match(await daemon.sync("main"), { state: "synced", lastTurn: { changes: { create: 1 } } })
    const others = await Promise.all(sick.map((source) => daemon.status(source.name)))
    t.notOk(others.some(({ state }) => state === "synced"))
    if (sickness === "hang" || sickness === "drip") {
      t.ok(
        others.every(({ lastTurn }) => lastTurn === null),
        "none of theirs is over yet",
      )
      const form = system === "Git" ? /^Git host 127/ : /^workspace sick$/
      const tells = async ({ name }: { readonly name: string }): Promise<boolean> => {
        const { waits }: SourceStatus = await daemon.status(name)
        return form.test(waits?.for ?? "")
      }
      await until("each tells whom it waits for", async () => (await Promise.all(sick.map(tells))).every(Boolean))
    }
    if (sickness === 429) t.ok(host.asked() <= 2 * neighbours, "and none is asked again before its Retry-After is over")
  })
}
