import type { Tools } from "../names/names.ts"
import { locate, Undecided } from "../names/session.ts"
import { boundInClass, type ClassFact, type FunctionFact, inHead } from "../names/python-value.ts"

/** A function in the body of a class. */
export interface Method {
  readonly fact: FunctionFact
  readonly owner: ClassFact
}

const depthMax = 20
/** Bases that have no flows. */
const bare: ReadonlySet<string> = new Set(["builtins.object", "abc.ABC", "typing.Protocol", "typing.Generic"])

/** A method of a class, its own or inherited; null where there is none. @throws `Undecided` where it can't be known */
export function methodOf(tools: Tools, owner: ClassFact, name: string, depth = 0): Method | null {
  const { syntax, scope, order } = owner
  const at = locate(scope, syntax.at)
  const own = syntax.body.findLast((each) => each.kind === "function" && each.name === name)
  if (own?.kind === "function") return { fact: { syntax: own, scope, order }, owner }
  if (depth >= depthMax) throw new Undecided(`\`${syntax.name}\` has too many base classes`, at)
  if (boundInClass(syntax).has(name)) throw new Undecided(`what \`${syntax.name}.${name}\` is isn't followed`, at)
  const inherited = syntax.bases.flatMap((base) => {
    const value =
      base.name === null && base.star === "" ? tools.evaluate(tools.session, base.value, inHead(owner)) : null
    if (value?.kind === "class") return methodOf(tools, value.class, name, depth + 1) ?? []
    const origin = value?.kind === "generic" ? value.origin : value
    if (origin?.kind === "outside" && bare.has(origin.path)) return []
    throw new Undecided(`what \`${syntax.name}\` is based on isn't followed`, at)
  })
  if (inherited.length > 1) throw new Undecided(`several bases of \`${syntax.name}\` have a \`${name}\``, at)
  return inherited[0] ?? null
}
