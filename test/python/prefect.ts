import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { existsSync, globSync } from "node:fs"
import { createInterface } from "node:readline"
import type { Readable, Writable } from "node:stream"
import { fileURLToPath } from "node:url"
import type { Json } from "../../src/core/json.ts"

const version = "3.8.8"
const root = fileURLToPath(new URL("../../", import.meta.url))
const installation = `${root}.cache/prefect-${version}`

/** A question for real Prefect: the files of a repository, and the flow in them. */
export interface Question {
  readonly files: Readonly<Record<string, string>>
  readonly path: string
  readonly object: string
  /** Folders that an installation would put on Python's path. */
  readonly installed?: readonly string[]
  /** Environment variables of the process that deploys it. */
  readonly environment?: Readonly<Record<string, string>>
}
export type Answer =
  | { readonly name: string; readonly description: string | null; readonly schema: Json }
  | { readonly error: string }

/** Real Prefect in one Python process, which answers as many questions as one likes. */
export class Oracle implements AsyncDisposable {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: AsyncIterator<string>

  constructor() {
    const { python } = installPrefect()
    this.#process = spawn(python, [fileURLToPath(new URL("oracle.py", import.meta.url))], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { PATH: process.env["PATH"], PREFECT_HOME: `${root}.cache/oracle-home`, PREFECT_LOGGING_LEVEL: "CRITICAL" },
    })
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
  }

  /** `together`: how many questions share a copy of the process; with 1 none can touch another. */
  async ask(questions: readonly Question[], together = 50): Promise<readonly Answer[]> {
    const cases = questions.map(({ files, path, object, installed, environment }) => ({
      files,
      installed,
      environment,
      entrypoint: `${path}:${object}`,
    }))
    this.#process.stdin.write(`${JSON.stringify({ together, cases })}\n`)
    const line = await this.#lines.next()
    if (line.done === true) throw new Error("the oracle ended")
    return JSON.parse(line.value, exactInteger) as Answer[]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin.end()
    if (this.#process.exitCode === null) await once(this.#process, "exit")
  }
}

/** The Python of the installed Prefect, and the folder of its packages. */
export function installPrefect(): { readonly python: string; readonly packages: string } {
  const python = `${installation}/bin/python`
  const [packages = ""] = globSync(`${installation}/lib/python3*/site-packages`)
  if (existsSync(`${installation}/template.db`)) return { python, packages }
  const { status, stderr } = spawnSync("bash", [`${root}test/support/prefect/install.sh`, version], {
    encoding: "utf8",
  })
  if (status !== 0) throw new Error(`Prefect ${version} can't be installed: ${stderr}`)
  return installPrefect()
}

/** Python's integers have no bound. */
function exactInteger(_: string, value: unknown, context?: { source?: string }): unknown {
  const text = context?.source ?? ""
  return typeof value === "number" && /^-?\d+$/u.test(text) && !Number.isSafeInteger(value) ? BigInt(text) : value
}
