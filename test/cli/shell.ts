import { runProgram } from "../../src/cli/program.ts"
import type { CliContext } from "../../src/cli/context.ts"

/** The command line in a test: what it printed, and the exit code it came to. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export const now = Date.parse("2026-11-24T12:00:00Z")

export interface Shell extends Partial<Omit<CliContext, "exit" | "terminal">> {
  readonly environment?: Readonly<Record<string, string>>
  readonly folder?: string
  readonly isTTY?: boolean
}

export async function lockstep(argv: readonly string[], shell: Shell = {}): Promise<Ran> {
  const { environment = {}, folder = "/nowhere", isTTY = false, ...rest } = shell
  const texts = { out: "", err: "" }
  const stream = (name: "out" | "err") => ({ isTTY, write: (text: string) => (texts[name] += text) })
  const code = await runProgram(argv, {
    terminal: { out: stream("out"), err: stream("err"), environment, folder },
    clock: { now: () => now, elapsed: () => now, sleep: () => Promise.resolve(), random: () => 0.5 },
    signal: new AbortController().signal,
    version: "1.2.3 (abcdef0)",
    run: () => Promise.reject(new Error("not in this test")),
    openPlan: () => Promise.reject(new Error("not in this test")),
    openRender: () => Promise.reject(new Error("not in this test")),
    ...rest,
  })
  return { code, ...texts }
}
