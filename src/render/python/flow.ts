import type { Location, Problem } from "../../core/model.ts"
import { describeFlow } from "./facts.ts"
import { evaluate } from "./evaluate.ts"
import { findFlow, type FoundFlow } from "./find.ts"
import { PythonParser } from "./parse.ts"
import type { FlowFacts, ReadFile, Reading } from "./reading.ts"
import { toScope } from "./scope.ts"
import { locate, Session, Undecided } from "./session.ts"
import type { Parsed } from "./syntax.ts"

/** More than any flow has; looking at them takes the square of their number. */
const parametersMax = 500

/** Reads what Prefect would take from a Flow object, from the text of its file: nothing is ever run. */
export class FlowReader {
  readonly #parser: PythonParser

  private constructor(parser: PythonParser) {
    this.#parser = parser
  }

  static async open(): Promise<FlowReader> {
    return new FlowReader(await PythonParser.open())
  }

  /**
   * `path`: the file in the repository; `object`: `function` or `Class.method` of the entrypoint; `projects`: folders
   * whose packages are installed where the flow is deployed.
   */
  read(path: string, object: string, readFile: ReadFile, projects: readonly string[] = []): Reading {
    const file = readFile(path)
    if (file.kind === "unread") return { kind: "needs", paths: [path] }
    if (file.kind !== "text") {
      const detail = file.kind === "missing" ? "doesn't exist in the repository" : `can't be read: ${file.reason}`
      return problem("flow-file-missing", `${path} ${detail}; correct the entrypoint`, { file: path })
    }
    const parsed = this.#parser.parse(file.text)
    if (parsed.kind !== "module") return refuse(parsed, path)
    if (parsed.module.broken !== null) {
      const at = { file: path, ...parsed.module.broken }
      return problem("python-syntax", `${path} isn't valid Python; correct the syntax`, at)
    }
    const session = new Session(path, this.#parser, readFile, projects)
    const reading = readFlow(session, object, toScope(path, parsed.module))
    return session.needs.size > 0 ? { kind: "needs", paths: [...session.needs] } : reading
  }

  [Symbol.dispose](): void {
    this.#parser[Symbol.dispose]()
  }
}

function readFlow(session: Session, object: string, scope: ReturnType<typeof toScope>): Reading {
  try {
    const found = findFlow({ session, evaluate }, scope, object)
    if (found.kind === "problem") return found
    if (found.kind === "doubt") return { kind: "facts", facts: unknownFlow(found.reason, found.at) }
    const { syntax, scope: own } = found.function
    if (syntax.parameters.length > parametersMax) {
      const reason = `it has more than ${parametersMax} parameters`
      return { kind: "facts", facts: unknownFlow(reason, locate(own, syntax.at)) }
    }
    const misplaced = misplacedParameter(found)
    return misplaced ?? { kind: "facts", facts: describeFlow(session, found) }
  } catch (error) {
    if (!(error instanceof Undecided)) throw error
    return { kind: "facts", facts: unknownFlow(error.message, error.at) }
  }
}

/** Python refuses a parameter without default after one with, and two of one name; the grammar doesn't see it. */
function misplacedParameter({ function: { syntax, scope } }: FoundFlow): Reading | null {
  const { parameters } = syntax
  const wrong = parameters.find((parameter, index) => {
    const earlier = parameters.slice(0, index)
    const ordered = parameter.keywordOnly || parameter.star !== "" || parameter.default !== null
    return (
      earlier.some((other) => other.name === parameter.name) ||
      (!ordered && earlier.some((other) => other.default !== null))
    )
  })
  if (wrong === undefined) return null
  const message = `the parameter \`${wrong.name}\` stands in a wrong place or twice; correct the parameters of \`${syntax.name}\``
  return problem("python-syntax", message, locate(scope, wrong.at))
}

/** A flow of which nothing can be known. */
function unknownFlow(reason: string, at: Location): FlowFacts {
  const unknown = { decided: false, reason, at } as const
  const looseSchema = { title: "Parameters", type: "object", properties: {} }
  return { at, name: unknown, description: unknown, schema: unknown, looseSchema, undecidedParameters: [] }
}

function refuse(parsed: Exclude<Parsed, { kind: "module" }>, path: string): Reading {
  return parsed.kind === "too-large"
    ? problem("flow-file-too-large", `${path} is larger than 1 MiB; move the flow to a smaller file`, { file: path })
    : problem("flow-file-too-slow", `${path} takes too long to parse; move the flow to a simpler file`, { file: path })
}

function problem(code: string, message: string, at: Location): { kind: "problem"; problem: Problem } {
  return { kind: "problem", problem: { severity: "error", code, message, ...at } }
}
