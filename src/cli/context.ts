import type { Clock } from "../lib/clock.ts"
import type { RenderPort } from "../reconcile/ports.ts"
import type { PlanParts } from "./plan-sources.ts"
import type { Terminal } from "./terminal.ts"

/** What the commands need of the world; `main.ts` gives the real one. */
export interface CliContext {
  readonly terminal: Terminal
  readonly clock: Clock
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal
  /** What `--version` says. */
  readonly version: string
  /** Runs the daemon until it is told to stop; the process's exit code. */
  readonly run: (configPath: string) => Promise<number>
  readonly openPlan: () => Promise<PlanParts>
  readonly openRender: () => Promise<RenderPort>
  /** Told what a command came to; the last word is the process's exit code. */
  readonly exit: (code: number) => void
}
