import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { Outline } from "./outline.ts"

const script = fileURLToPath(new URL("cpython.py", import.meta.url))
const answerBytesMax = 512 * 1024 * 1024

export interface Answer {
  /** Why `compile` refuses it, or null. */
  readonly error: string | null
  readonly outline?: readonly Outline[]
}

/** How CPython reads each of these; `python` is its command. */
export function askCPython(
  python: string,
  questions: readonly ({ readonly text: string } | { readonly path: string })[],
): readonly Answer[] {
  const { status, stdout, stderr } = spawnSync(python, [script], {
    input: questions.map((question) => JSON.stringify(question)).join("\n"),
    encoding: "utf8",
    maxBuffer: answerBytesMax,
  })
  if (status !== 0) throw new Error(`${python} failed: ${stderr}`)
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Answer)
}
