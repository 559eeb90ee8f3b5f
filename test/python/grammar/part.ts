import fc from "fast-check"

/** What a piece of Python may refer to: names of the library and of the flow's own repository. */
export interface World {
  /** A thing from outside the repository, as this file writes it: `typing.Optional` may be `t.Optional`. */
  out(path: string): string
  /** The `index`-th earlier definition of a kind as this file writes it; null when there is none. */
  own(kind: Kind, index: number): Reference | null
}
export type Kind =
  | "text"
  | "constant"
  | "alias"
  | "enum"
  | "model"
  | "record"
  | "typed-dict"
  | "tuple"
  | "plain"
  | "holder"
  | "held"
export interface Reference {
  readonly text: string
  /** The definition's own name, whatever the file calls it. */
  readonly name: string
  /** Members of an enum, attributes of an instance. */
  readonly members: readonly string[]
  /** A call that makes an instance, as this file writes it; null when none is known. */
  readonly instance: string | null
}

/** A piece of Python that is written once it is known where it stands: so that every choice shrinks on its own. */
export type Part = (world: World) => string
export type Parts = fc.Arbitrary<Part>

export function constant(text: string): Part {
  return () => text
}

export function oneOf(...texts: readonly string[]): Parts {
  return fc.constantFrom(...texts).map(constant)
}

/** `template` with `{}` replaced by the parts in order, and `<a.b>` by what the file calls that outside thing. */
export function write(template: string, ...parts: readonly Part[]): Part {
  return (world) => {
    let next = 0
    return template
      .replaceAll(/<([a-z_]+(?:\.\w+)+)>/gu, (_, path: string) => world.out(path))
      .replaceAll("{}", () => parts[next++]?.(world) ?? "")
  }
}

export function from(...templates: readonly string[]): Parts {
  return fc.constantFrom(...templates).map((template) => write(template))
}

export function around(template: string, ...parts: readonly Parts[]): Parts {
  return fc.tuple(...parts).map((all) => write(template, ...all))
}

export function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? line : `    ${line}`))
    .join("\n")
}

/** A value now and then: `weight` times in ten. */
export function sometimes<T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof(
    { weight: Math.round(100 - weight * 10), arbitrary: fc.constant(null) },
    { weight: Math.round(weight * 10), arbitrary },
  )
}
