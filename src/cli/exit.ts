/** What a command's exit code says; scripts rely on these numbers. */
export const exitCodes = {
  ok: 0,
  error: 1,
  changes: 2,
  usage: 64,
  unavailable: 69,
  interrupted: 130,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

const meanings: readonly (readonly [number, string])[] = [
  [exitCodes.ok, "done; plan: nothing to do"],
  [exitCodes.error, "failed: the message says what to do; validate, plan: errors were found; run: it can't start"],
  [exitCodes.changes, "plan: there are changes; sync: not done yet, or held"],
  [exitCodes.usage, "the command line is wrong"],
  [exitCodes.unavailable, "no daemon answers at the address, or Node.js is too old"],
  [exitCodes.interrupted, "interrupted"],
]

/** The table of exit codes, as `--help` shows it. */
export function exitCodeTable(): string {
  const lines = meanings.map(([code, meaning]) => `  ${String(code).padEnd(3)}  ${meaning}`)
  return ["Exit codes:", ...lines].join("\n")
}

/** Ends a command with a message for a person; `code` is the process's exit code. */
export class CommandError extends Error {
  override readonly name = "CommandError"
  readonly code: ExitCode
  constructor(message: string, code: ExitCode = exitCodes.error, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
