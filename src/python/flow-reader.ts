import { jsonSize } from "../core/json.ts"
import type { Location, Problem } from "../core/model.ts"
import { describeFlow } from "./flow/facts.ts"
import { evaluate } from "./evaluate/evaluate.ts"
import { findFlow } from "./flow/find.ts"
import { PythonParser } from "./grammar/parse.ts"
import type { FlowFacts, ReadFile, Reading, Surroundings } from "./reading.ts"
import type { Scope } from "./names/scope.ts"
import { locate, Session, Undecided } from "./names/session.ts"
import type { Parsed } from "./grammar/syntax.ts"

/** More than any flow has; looking at them takes the square of their number. */
const parametersMax = 500

/** Prefect takes parameters of half a million characters; what is larger is no schema that anybody has written. */
const schemaSizeMax = 1_000_000

const nothingAround: Surroundings = { projects: [], environment: new Map() }

/** Reads what Prefect would take from a Flow object, from the text of its file: nothing is ever run. */
export class FlowReader {
  readonly #parser = new PythonParser()

  /** `path`: the file in the repository; `object`: `function` or `Class.method` of the entrypoint. */
  read(path: string, object: string, readFile: ReadFile, around: Surroundings = nothingAround): Reading {
    const file = readFile(path)
    if (file.kind === "unread") return { kind: "needs", paths: [path] }
    if (file.kind !== "text") {
      const detail = file.kind === "missing" ? "doesn't exist in the repository" : `can't be read: ${file.reason}`
      return problem("flow-file-missing", `${path} ${detail}; correct the entrypoint`, { file: path })
    }
    const parsed = this.#parser.parse(file.text)
    if (parsed.kind !== "module") return refuse(parsed, path)
    const session = new Session(path, this.#parser, readFile, around)
    const reading = readFlow(session, object, session.enter(parsed.module))
    return session.needs.size > 0 ? { kind: "needs", paths: [...session.needs] } : reading
  }
}

function readFlow(session: Session, object: string, scope: Scope): Reading {
  try {
    const found = findFlow({ session, evaluate }, scope, object)
    if (found.kind === "problem") return found
    if (found.kind === "doubt") return { kind: "facts", facts: unknownFlow(found.reason, found.at) }
    const { syntax, scope: own } = found.function
    if (syntax.parameters.length > parametersMax) {
      const reason = `it has more than ${parametersMax} parameters`
      return { kind: "facts", facts: unknownFlow(reason, locate(own, syntax.at)) }
    }
    const facts = describeFlow(session, found)
    if (jsonSize(facts.looseSchema, schemaSizeMax) <= schemaSizeMax) return { kind: "facts", facts }
    return { kind: "facts", facts: { ...facts, ...unknownSchema("its schema is too large to follow", facts.at) } }
  } catch (error) {
    // What the bounds above let through may still be more than the engine takes.
    if (error instanceof RangeError) return { kind: "facts", facts: tooMuch(scope) }
    if (!(error instanceof Undecided)) throw error
    return { kind: "facts", facts: unknownFlow(error.message, error.at) }
  }
}

/** A flow of which nothing can be known. */
function unknownFlow(reason: string, at: Location): FlowFacts {
  const unknown = { decided: false, reason, at } as const
  return { at, wrapper: null, name: unknown, description: unknown, ...unknownSchema(reason, at) }
}

function unknownSchema(reason: string, at: Location) {
  const looseSchema = { title: "Parameters", type: "object", properties: {} }
  return { schema: { decided: false, reason, at }, looseSchema, undecidedParameters: [] } as const
}

function tooMuch({ path }: Scope): FlowFacts {
  return unknownFlow("it is too large to follow", { file: path })
}

function refuse(parsed: Exclude<Parsed, { kind: "module" }>, path: string): Reading {
  if (parsed.kind === "broken") {
    const message = `${path} isn't valid Python: ${parsed.message}`
    return problem("python-syntax", message, { file: path, ...parsed.at })
  }
  const message = `${path} is larger than 1 MiB or half a million tokens; move the flow to a smaller file`
  return problem("flow-file-too-large", message, { file: path })
}

function problem(code: string, message: string, at: Location): { kind: "problem"; problem: Problem } {
  return { kind: "problem", problem: { severity: "error", code, message, ...at } }
}
