import type { Json } from "../../src/core/json.ts"
import { jsonEqual } from "../../src/core/json.ts"
import type { FlowReader } from "../../src/python/flow-reader.ts"
import type { Decided, FlowFacts, ReadFile, Reading } from "../../src/python/reading.ts"
import type { Answer, Question } from "./prefect.ts"

/** The reading of one flow held against the truth. */
export interface Verdict {
  /** What is wrong; null when all that was decided is true. */
  readonly wrong: string | null
  /** Why something stays open, in the words that a person gets. */
  readonly open: readonly string[]
  readonly schemaDecided: boolean
}

export function judge(reader: FlowReader, question: Question, answer: Answer): Verdict {
  try {
    return judgeReading(read(reader, question), answer)
  } catch (error) {
    return { wrong: `the reader failed: ${String(error)}`, open: [], schemaDecided: false }
  }
}

function judgeReading(reading: Reading, answer: Answer): Verdict {
  if (reading.kind !== "facts") {
    const fair = "error" in answer
    const said = reading.kind === "problem" ? reading.problem.message : `it needs ${reading.paths.join(", ")}`
    return { wrong: fair ? null : `no facts: ${said}`, open: [said], schemaDecided: false }
  }
  const { facts } = reading
  const open = [facts.name, facts.description, facts.schema].flatMap((each) => (each.decided ? [] : [each.reason]))
  return { wrong: mistake(facts, answer) ?? unclear(facts), open, schemaDecided: facts.schema.decided }
}

function read(reader: FlowReader, { files, path, object, environment = {} }: Question): Reading {
  const readFile: ReadFile = (wanted) => {
    const text = files[wanted]
    return text === undefined ? { kind: "missing" } : { kind: "text", text }
  }
  return reader.read(path, object, readFile, { projects: [], environment: new Map(Object.entries(environment)) })
}

/** What differs between a reading and the truth; null when it is the same or honestly undecided. */
function mistake(facts: FlowFacts, answer: Answer): string | null {
  if ("error" in answer) {
    const all = facts.name.decided && facts.description.decided && facts.schema.decided
    return all ? `decided, but Prefect says ${answer.error}` : null
  }
  return (
    differs("name", facts.name, answer.name) ??
    differs("description", facts.description, answer.description) ??
    differs("schema", facts.schema, answer.schema) ??
    looseMistake(facts, answer.schema)
  )
}

function differs(what: string, read: Decided<Json>, truth: Json): string | null {
  if (!read.decided || jsonEqual(read.value, truth)) return null
  return `${what}\n read  ${show(read.value)}\n truth ${show(truth)}`
}

/** The parameters that are decided must be true even when others aren't. */
function looseMistake(facts: FlowFacts, truth: Json): string | null {
  const undecided = new Set(facts.undecidedParameters.map((each) => each.name))
  const [loose, real] = [propertiesOf(facts.looseSchema), propertiesOf(truth)]
  for (const [name, property] of Object.entries(loose)) {
    const other = real[name]
    if (undecided.has(name)) continue
    if (other === undefined || !jsonEqual(property, other)) {
      return `parameter ${name}\n read  ${show(property)}\n truth ${show(other ?? null)}`
    }
  }
  return null
}

function propertiesOf(schema: Json): Readonly<Record<string, Json>> {
  return (schema as { properties?: Readonly<Record<string, Json>> }).properties ?? {}
}

/** What stays open needs a reason and a place. */
function unclear(facts: FlowFacts): string | null {
  const places = [facts.name, facts.description, facts.schema].flatMap((each) => (each.decided ? [] : [each]))
  const bad = [...places, ...facts.undecidedParameters].find((each) => each.reason.length < 8 || each.at.file === "")
  return bad === undefined ? null : `undecided without a clear reason: ${bad.reason}`
}

function show(value: Json): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `${part}n` : part))
}
