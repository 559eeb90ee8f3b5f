import { isDeepStrictEqual } from "node:util"
import type { Pair } from "./sides.ts"

/** Null = both ran alike, to the end, at the commit that was deployed; else what is wrong. */
export function verdict({ key, layout, prefect, lockstep, commit }: Pair, version: string): string | null {
  if (!prefect || !lockstep) return `${key} is only on one side`
  const told = `\n  prefect  ${shown(prefect)}\n  lockstep ${shown(lockstep)}`
  if (!isDeepStrictEqual([prefect.state, prefect.seen], [lockstep.state, lockstep.seen]))
    return `${key} differs:${told}`
  const fails = layout.fails?.[version] !== undefined
  if (fails !== (lockstep.state !== "COMPLETED")) return `${key} should ${fails ? "fail" : "complete"}:${told}`
  const seen = lockstep.seen as { commit: string | null } | null
  return seen?.commit && seen.commit !== commit ? `${key} ran at ${seen.commit}, not ${commit}` : null
}

function shown({ state, seen, log }: { state: string; seen: unknown; log: string }): string {
  return `${state} ${JSON.stringify(seen)}${seen === null ? `\n${log}` : ""}`
}
