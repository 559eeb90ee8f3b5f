import type { Fault } from "../fault.ts"

/** What was deployed doesn't run, or runs the wrong code. */
export const running: readonly Fault[] = []
