import t from "tap"
import { named, openWorld, project } from "../support/daemon.ts"
import { openLane } from "../support/lane.ts"
import { lockstep } from "./shell.ts"

const world = await openWorld()
t.teardown(() => world[Symbol.asyncDispose]())

await t.test("trace leads from a deployment to its line in Git, and tells what was done to it", async (t) => {
  const lane = await openLane(world, "traced", named("stays", "goes"), { prune: { grace: "1h" } })
  const ask = (...argv: string[]) =>
    lockstep(argv, { environment: { LOCKSTEP_SERVER: lane.daemon.address, LOCKSTEP_TOKEN: "test-token" } })
  const { stays } = await lane.live()
  const commit = lane.commit({ stays: { parameters: { limit: 4 } } }).slice(0, 7)
  await lane.sync()
  const first = await ask("trace", "traced/stays")
  t.equal(first.code, 0, first.err)
  t.match(first.out, /^traced\/stays\n {2}source {5}main, workspace default\n {2}in Git {5}prefect\.yaml:\d+ at /)
  for (const text of [`at ${commit}`, `id         ${stays?.id}`, "last turn  update (done): changed in Git"])
    t.match(first.out, text)
  t.match(first.out, /writes\n.+: update done, at \w{7}\n.+: create done, at \w{7}\n$/)
  await lane.sync()
  t.match(
    (await ask("trace", "traced/stays")).out,
    /prefect\.yaml:\d+ at \w{7}\n.*\n {2}last turn {2}keep: as Git says/,
  )

  const gone = await ask("trace", "traced/goes")
  t.match(gone.out, /in Git {5}not declared at/)
  t.match(gone.out, /last turn {2}skip: retired; deleted after/)
  t.match((await ask("trace", "traced/goes", "--json")).out, '"action": "retire"')

  lane.commit({ stays: { entrypoint: "missing.py:flow" } })
  await lane.sync()
  t.match((await ask("trace", "traced/stays")).out, /last turn {2}skip: not in Git as far as it could be read/)
  const unknown = await ask("trace", "traced/goe")
  t.match(
    [unknown.code, unknown.err],
    [1, /no source declares or owns "traced\/goe" \(did you mean "traced\/goes"\?\)/],
  )
  t.equal((await ask("trace", "traced")).code, 64)
})

await t.test("orphans tells a retired deployment from one that is still to be retired", async (t) => {
  const lane = await openLane(world, "orphaned", named("stays", "goes"), { prune: { grace: "1h" } })
  const ask = async () =>
    (
      await lockstep(["orphans"], {
        environment: { LOCKSTEP_SERVER: lane.daemon.address, LOCKSTEP_TOKEN: "test-token" },
      })
    ).out
  lane.repository.commit(project("orphaned", named("stays")))
  await lane.sync()
  t.match(await ask(), /main +orphaned\/goes +retired +no longer in Git/)
  await lane.sync()
  t.match(await ask(), /main +orphaned\/goes +in-grace +retired; deleted after .* unless Git has it again/)
})
