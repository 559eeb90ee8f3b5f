import type { z } from "zod"

const things: Readonly<Record<string, string>> = {
  object: "a map",
  record: "a map",
  array: "a list",
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
}

/** What is wrong in words; never quotes the value, because somebody may have written a secret in its place. */
export function explain(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === "invalid_type") return explainType(issue.expected, issue.input)
  if (issue.code === "invalid_value") return explainChoice(issue.values, issue.input)
  if (issue.code === "too_small")
    return `${bound(issue.origin)} ${least(issue.inclusive)} ${issue.minimum}${unit(issue.origin)}`
  if (issue.code === "too_big") return `${bound(issue.origin)} at most ${issue.maximum}${unit(issue.origin)}`
  if (issue.code === "invalid_key")
    return "must be a name of letters, digits and underscores that doesn't begin with a digit"
  // The others have their words where the rule stands.
  return undefined
}

function explainType(expected: string, input: unknown): string {
  if (input === undefined) return "is missing"
  if (input === null) return "is empty: give it a value, or take the line out"
  return `must be ${things[expected] ?? expected}, not ${kindOf(input)}`
}

function kindOf(input: unknown): string {
  if (Array.isArray(input)) return "a list"
  return things[typeof input] ?? typeof input
}

function explainChoice(values: readonly unknown[], input: unknown): string {
  return input === undefined ? "is missing" : `must be one of ${values.map(String).join(", ")}`
}

function bound(origin: string): string {
  return origin === "string" || origin === "array" ? "must have" : "must be"
}

function least(inclusive: boolean | undefined): string {
  return inclusive === false ? "more than" : "at least"
}

function unit(origin: string): string {
  if (origin === "string") return " characters"
  return origin === "array" ? " entries" : ""
}
