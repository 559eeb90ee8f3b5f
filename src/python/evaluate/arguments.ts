import { type FunctionFact, inHead, type Lazy, type LazyArgument } from "../names/python-value.ts"

/** A parameter as the binding of arguments sees it. */
export interface Slot {
  readonly name: string
  readonly star: "" | "*" | "**"
  readonly keywordOnly: boolean
  readonly default: Lazy | null
}

/** The parameters of a function; defaults are looked at where it is defined. */
export function slotsOf(fact: FunctionFact): readonly Slot[] {
  const environment = inHead(fact)
  return fact.syntax.parameters.map(({ name, star, keywordOnly, default: expression }) => ({
    name,
    star,
    keywordOnly,
    default: expression === null ? null : { expression, environment },
  }))
}

/** Parameters by name, the collecting ones as `*args` and `**kwargs`; null when Python would refuse the call. */
export function bindArguments(
  slots: readonly Slot[],
  given: readonly LazyArgument[],
): ReadonlyMap<string, readonly LazyArgument[]> | null {
  const [places, named] = [given.filter(({ name }) => name === null), given.filter(({ name }) => name !== null)]
  const bound = new Map<string, readonly LazyArgument[]>()
  for (const slot of slots) {
    const argument = argumentFor(slot, places, named)
    if (argument !== undefined) bound.set(slot.name, [argument])
    else if (slot.default !== null) bound.set(slot.name, [{ name: null, star: "", ...slot.default }])
    else if (slot.star === "") return null
  }
  for (const [star, rest] of [
    ["*", places],
    ["**", named],
  ] as const) {
    const collector = slots.find((slot) => slot.star === star)
    if (collector) bound.set(star + collector.name, rest)
    else if (rest.length > 0) return null
  }
  return bound
}

/** Takes the argument out of those that are left. */
function argumentFor(slot: Slot, places: LazyArgument[], named: LazyArgument[]): LazyArgument | undefined {
  if (slot.star !== "") return undefined
  // A place comes first: Python refuses a name for what a place has filled, or it is meant for `**kwargs`.
  const place = slot.keywordOnly ? undefined : places.shift()
  if (place !== undefined) return place
  const at = named.findIndex(({ name }) => name === slot.name)
  return at === -1 ? undefined : named.splice(at, 1)[0]
}
