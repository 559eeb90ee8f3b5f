import fc from "fast-check"
import { classes } from "./classes.ts"
import { anyFlow } from "./flows.ts"
import { held, holder } from "./holders.ts"
import { layout, writeFiles } from "./layout.ts"

/** Files of a repository with one flow in them. */
export interface Program {
  readonly files: Readonly<Record<string, string>>
  readonly path: string
  readonly object: string
  readonly installed: readonly string[]
}

const definition = fc.oneof(
  { weight: 21, arbitrary: classes },
  { weight: 3, arbitrary: holder },
  { weight: 1, arbitrary: held },
)

const titles = "Alpha Beta Gamma Delta Eps Zeta Eta".split(" ")

/** A repository whose flow is made of everything that the grammar knows. */
export const anyProgram: fc.Arbitrary<Program> = fc
  .record({
    definitions: fc.array(fc.tuple(definition, fc.nat(3)), { minLength: 1, maxLength: 6, size: "max" }),
    flow: anyFlow,
    layout,
  })
  .map(({ definitions, flow, layout: shape }) => {
    // What stands deeper is defined first, so that imports need no circle.
    const modules = definitions.map(([, module]) => module).toSorted((a, b) => b - a)
    const placed = definitions.map(([each], index) => ({
      definition: each,
      name: each.kind === "constant" || each.kind === "text" ? `LIMIT_${index}` : `${titles[index]}Thing`,
      module: modules[index] ?? 0,
    }))
    return { ...writeFiles(flow, placed, shape), object: flow.object }
  })
