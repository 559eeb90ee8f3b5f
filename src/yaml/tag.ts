import { Refused, type Place } from "./text-cursor.ts"
import type { Node, Scalar } from "./node.ts"
import { plainScalar, taggedScalar } from "./scalar.ts"
import type { Token } from "./scan.ts"

/** A value's tag as written, and where its anchor or tag begins. */
interface Tagged {
  readonly tag: string | null
  readonly at: Place
}

/** What stands where nothing is written. */
export function nothing(at: Place): Node {
  return { kind: "scalar", type: "null", value: null, at }
}

/** A scalar with the meaning that its tag gives it, or its form. @throws Refused when it has none */
export function scalarNode({ kind, text, at }: Token, { tag, at: start }: Tagged): Node {
  const place = tag === null ? at : start
  try {
    return { kind: "scalar", ...valueOf(kind === "plain", text, tag), at: place }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const shown = `${tag === null ? "" : `${tag.slice(0, 60)} `}"${text.slice(0, 60)}"`
    throw new Refused(`${shown} is no value in YAML 1.1: put it in quotes`, place)
  }
}

/** A lone `!` has a quoted text read like a plain one, as PyYAML does. */
function valueOf(plain: boolean, text: string, tag: string | null): Scalar {
  if (tag === null) return plain ? plainScalar(text) : { type: "text", value: text }
  return tag === "!" ? plainScalar(text) : taggedScalar(wholeTag(tag), text)
}

const standard = "tag:yaml.org,2002:"

function wholeTag(tag: string): string {
  if (tag.startsWith("!<")) return tag.slice(2, -1)
  return tag.startsWith("!!") ? standard + tag.slice(2) : tag
}

/** @throws Refused for a tag of another kind of value, or one that nobody knows */
export function refuseTag(tag: string | null, taken: readonly string[], what: string, at: Place): void {
  if (tag === null || taken.some((one) => wholeTag(one) === wholeTag(tag))) return
  throw new Refused(`the tag ${tag.slice(0, 60)} doesn't go with ${what}`, at)
}
