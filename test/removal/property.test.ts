import fc from "fast-check"
import t from "tap"
import { extent } from "../support/extent.ts"
import type { WriteFault } from "./model.ts"
import { names, Scene, type Command } from "./scene.ts"

const histories = extent(150, 3_000)

const source = fc.constantFrom<0 | 1>(0, 1)
const name = fc.constantFrom(...names)
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("commit" as const),
      source,
      names: fc.subarray([...names]),
      limit: fc.nat(2),
      complete: fc.constant(true),
      look: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("commit" as const),
      source,
      names: fc.subarray([...names]),
      limit: fc.nat(2),
      complete: fc.constant(false),
      look: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("move" as const), name, to: source }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("turn" as const), source }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("confirm" as const, "gitDown" as const), source }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("unpause" as const, "edit" as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("strip" as const, "destroy" as const), name }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("race" as const),
      how: fc.constantFrom("unpause" as const, "edit" as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("fault" as const), fault: fc.constantFrom<WriteFault>("refuse", "lose") }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("restart" as const, "loseRecords" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), minutes: fc.constantFrom(1, 30, 61, 300) }) },
)

await t.test(
  "whatever happens, no foreign or unconfirmed victim is touched, and in the end Prefect is as Git",
  async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 40 }), async (commands) => {
        const scene = new Scene()
        for (const one of commands) await scene.run(one)
        await scene.settle()
        if (scene.wrongs.length > 0) throw new Error(scene.wrongs.join("\n"))
        if (JSON.stringify(scene.ours()) !== JSON.stringify(scene.wanted())) {
          throw new Error(`${JSON.stringify(scene.ours())} instead of ${JSON.stringify(scene.wanted())}`)
        }
        for (const one of scene.foreign) {
          if (scene.prefect.deployments.get(one.id) !== one) throw new Error(`${one.key} was touched`)
        }
        const { writes } = scene.prefect
        for (const index of [0, 1] as const) await scene.turn(index)
        if (scene.prefect.writes !== writes) throw new Error("the steady state writes")
      }),
      { numRuns: histories },
    )
    t.pass(`${histories} histories`)
  },
)
