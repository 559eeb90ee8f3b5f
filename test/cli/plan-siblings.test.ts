import { join } from "node:path"
import { writeFileSync } from "node:fs"
import t from "tap"
import { openPlanParts } from "../../src/cli/open-plan.ts"
import { systemClock } from "../../src/lib/clock.ts"
import { named, openWorld, project } from "../support/daemon.ts"
import { lockstep } from "./shell.ts"

const world = await openWorld()
t.teardown(() => world[Symbol.asyncDispose]())

t.test("a plan of several sources that removes something reads the others itself", async (t) => {
  const names = ["one", "two", "three"]
  const repositories = names.map((name) => {
    const repository = world.repository(`sibling-${name}`)
    repository.commit(project(`sibling-${name}`, named("stays", "goes")))
    return repository
  })
  const sources = repositories.map(({ url }, i) => ({ name: names[i] ?? "", url, interval: "1h" }))
  const daemon = await world.daemon({ installation: "siblings", sources })
  for (const name of names) await daemon.sync(name)
  for (const [i, repository] of repositories.entries())
    repository.commit(project(`sibling-${names[i]}`, named("stays")))
  const folder = t.testdir()
  writeFileSync(
    join(folder, "lockstep.yaml"),
    JSON.stringify({
      installation: "siblings",
      workspaces: [{ name: "default", apiUrl: world.gateway.url }],
      stateDir: join(folder, "state"),
      sources,
    }),
  )

  const { code, out, err } = await lockstep(["plan"], {
    folder,
    clock: systemClock,
    openPlan: () => openPlanParts({}, systemClock),
  })

  t.equal(code, 2, err)
  t.match(out, /3 to retire/)
  t.notMatch(out, /sibling-unknown|held/i)
})
