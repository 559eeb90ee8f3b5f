import type { Location } from "../../core/model.ts"
import { cleandoc } from "../schema/docstring.ts"
import { evaluateLazy, locateLazy } from "../evaluate/evaluate.ts"
import type { FoundFlow } from "./find.ts"
import type { Decided, FlowFacts } from "../reading.ts"
import { readSchema } from "../schema/parameter-schema.ts"
import { isMapping, knownOrFail } from "../evaluate/mapping.ts"
import { locate, type Session, Undecided } from "../names/session.ts"
import type { LazyArgument, Value } from "../names/python-value.ts"

/** Name, description and parameter schema, as Prefect's `Flow` works them out from a function. */
export function describeFlow(session: Session, found: FoundFlow): FlowFacts {
  const { scope, syntax } = found.function
  const at = locate(scope, syntax.at)
  const schema = readSchema(session, found.function, {
    environment: found.environment,
    doubt: found.doubt ?? reserved(found),
  })
  const { wrapper } = found
  return {
    at,
    name: flowName(session, found, at),
    description: flowDescription(session, found, at),
    wrapper,
    ...schema,
  }
}

/** Prefect refuses these in a flow's name. */
const banned = /[/%&><]/u

function flowName(session: Session, found: FoundFlow, at: Location): Decided<string> {
  return decide(() => {
    const given = option(session, found, "name")
    if (given !== null && banned.test(given.text)) {
      throw new Undecided(`Prefect refuses the flow name \`${given.text}\` (one of / % & > <)`, given.at)
    }
    if (given !== null) return given.text
    if (found.doubt !== null) throw new Undecided(found.doubt, at)
    return found.function.syntax.name.replaceAll("_", "-")
  })
}

function flowDescription(session: Session, found: FoundFlow, at: Location): Decided<string | null> {
  return decide(() => {
    const given = option(session, found, "description")
    if (given !== null) return given.text
    if (found.doubt !== null) throw new Undecided(found.doubt, at)
    const { docstring } = found.function.syntax
    return docstring === null ? null : cleandoc(docstring)
  })
}

/** A text option of `@flow(...)`; null where Prefect takes the default (absent, `None` or empty). */
function option(session: Session, found: FoundFlow, name: string): { text: string; at: Location } | null {
  const hidden = found.options.find(({ name: keyword, star }) => star === "*" || (star === "" && keyword === null))
  if (hidden !== undefined)
    throw new Undecided("an argument of `@flow` with `*` or without name hides it", locateLazy(hidden))
  for (const argument of found.options.filter((each) => each.name === name || each.star === "**")) {
    const value = argument.star === "**" ? spread(session, argument, name) : evaluateLazy(session, argument)
    if (value.kind === "none" || (value.kind === "str" && value.value === "")) continue
    if (value.kind !== "str") throw new Undecided(`the ${name} isn't a text`, locateLazy(argument))
    return { text: value.value, at: locateLazy(argument) }
  }
  return null
}

/** What `**settings` say of an option; `None`, as absent, where they don't name it. */
function spread(session: Session, argument: LazyArgument, name: string): Value {
  const settings = evaluateLazy(session, argument)
  if (!isMapping(settings)) throw new Undecided("what `**` gives `@flow` isn't known", locateLazy(argument))
  const keys = settings.entries.map(({ key }) => (key.kind === "str" ? key.value : null))
  const index = keys.lastIndexOf(name)
  if (keys.includes(null)) throw new Undecided("what `**` gives `@flow` isn't known", locateLazy(argument))
  const entry = settings.entries[index]
  return entry ? knownOrFail(entry.value) : { kind: "none" }
}

function reserved(found: FoundFlow): string | null {
  const name = found.function.syntax.parameters.find((each) => each.name === "return_state" || each.name === "wait_for")
  return name === undefined ? null : `Prefect reserves the parameter name \`${name.name}\``
}

function decide<T>(read: () => T): Decided<T> {
  try {
    return { decided: true, value: read() }
  } catch (error) {
    if (error instanceof Undecided) return { decided: false, reason: error.message, at: error.at }
    throw error
  }
}
