import { open } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import { LineCounter, parseDocument, type Document } from "yaml"
import type { z } from "zod"
import { toError } from "../lib/errors.ts"
import { checkWhole, type Finding } from "./check.ts"
import type { Config } from "./config.ts"
import { explain } from "./explain.ts"
import { configJsonSchema, knownKeys, type JsonSchema } from "./json-schema.ts"
import { nearest } from "../core/nearest.ts"
import { InvalidConfigError, locate, pathText, type ConfigProblem } from "./problem.ts"
import { resolveConfig } from "./resolve.ts"
import { configSchema } from "./schema.ts"
import type { Environment } from "./values.ts"

const configBytesMax = 1024 * 1024
const problemsMax = 100
const aliasesMax = 100

/**
 * Reads and checks the config file. Of the environment only `$PREFECT_API_URL` counts here.
 * @throws InvalidConfigError with everything that is wrong, each with its line and column.
 */
export async function loadConfig(path: string, environment: Environment): Promise<Config> {
  return parseConfig(await readConfigText(path), path, environment)
}

/** @throws InvalidConfigError when the file can't be read. */
export async function readConfigText(path: string): Promise<string> {
  try {
    await using file = await open(path)
    const { size } = await file.stat()
    if (size > configBytesMax) throw new Error(`it is larger than ${configBytesMax} bytes`)
    return await file.readFile("utf8")
  } catch (error) {
    const message = `can't be read: ${toError(error).message}`
    throw new InvalidConfigError(path, [{ path: "", line: 1, column: 1, message }], error)
  }
}

/** @throws InvalidConfigError */
export function parseConfig(text: string, path: string, environment: Environment): Config {
  const lines = new LineCounter()
  // Their pretty errors quote the lines around; ours name the place and quote nothing.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const findings = (found: readonly Finding[]): never => {
    throw new InvalidConfigError(path, place(document, lines, found))
  }
  const syntax = [...document.errors, ...document.warnings]
  if (syntax.length > 0)
    throw new InvalidConfigError(
      path,
      syntax.slice(0, problemsMax).map(({ pos, message }) => {
        const { line, col } = lines.linePos(pos[0])
        return { path: "", line, column: col, message: `isn't valid YAML: ${message}` }
      }),
    )
  const raw = toRaw(document, findings)
  const checked = configSchema.safeParse(raw, { error: explain })
  const found = [
    ...(checked.success ? [] : checked.error.issues.flatMap(toFindings())),
    ...checkWhole(raw, environment),
  ]
  if (!checked.success || found.length > 0) return findings(found)
  return resolveConfig(checked.data, { folder: dirname(resolve(path)), environment })
}

function toRaw(document: Document, findings: (found: readonly Finding[]) => never): unknown {
  if (document.contents === null) return findings([{ path: [], message: "is empty: see config/lockstep.example.yaml" }])
  try {
    return document.toJS({ maxAliasCount: aliasesMax })
  } catch (error) {
    return findings([{ path: [], message: `can't be used: ${toError(error).message}` }])
  }
}

function toFindings(): (issue: z.core.$ZodIssue) => readonly Finding[] {
  let schema: JsonSchema | null = null
  return (issue) => {
    if (issue.code !== "unrecognized_keys") return [{ path: issue.path, message: issue.message }]
    schema ??= configJsonSchema()
    const known = knownKeys(schema, issue.path) ?? []
    return issue.keys.map((key) => ({ path: [...issue.path, key], message: unknownKey(key, known) }))
  }
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known)
  return near === null
    ? `is no known key (known are ${known.join(", ")})`
    : `is no known key (did you mean \`${near}\`?)`
}

function place(document: Document, lines: LineCounter, found: readonly Finding[]): readonly ConfigProblem[] {
  const seen = new Set<string>()
  const problems = found.flatMap(({ path, message }): ConfigProblem[] => {
    const text = pathText(path)
    // The schema and the checks of the whole may both miss the same thing.
    if (seen.has(`${text} ${message}`)) return []
    seen.add(`${text} ${message}`)
    return [{ path: text, ...locate(document, lines, path), message }]
  })
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column).slice(0, problemsMax)
}
