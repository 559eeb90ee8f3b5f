import type { Location } from "../../core/model.ts"
import { Undecided } from "../names/session.ts"
import { schemaType, type Type, union } from "./type.ts"

/** How a class says that it is meant: the values that a field of it may have, and the name of that field in JSON. */
export interface Tags {
  readonly key: string
  readonly values: readonly string[]
}

interface TagTools {
  readonly tags: (target: string, field: string, at: Location) => Tags
}

const prefix = "#/definitions/"

/**
 * A union of classes with `Field(discriminator=...)`, `null` beside it as pydantic writes it. @throws `Undecided` where
 * the field doesn't tell all of them apart, which pydantic refuses.
 */
export function discriminate(tools: TagTools, type: Type, use: { readonly name: string; readonly at: Location }): Type {
  const members = type.kind === "union" ? type.members : [type]
  const others = members.filter((member) => member.kind !== "null")
  const mapping = new Map<string, string>()
  const keys = new Set<string>()
  const targets = others.map((member) => targetOf(member, use.at))
  for (const target of targets) {
    const { key, values } = tools.tags(target.slice(prefix.length), use.name, use.at)
    keys.add(key)
    for (const value of values) {
      if (mapping.has(value)) throw new Undecided(`two classes have the \`${use.name}\` \`${value}\``, use.at)
      mapping.set(value, target)
    }
  }
  const [propertyName, ...more] = keys
  if (propertyName === undefined || more.length > 0) {
    throw new Undecided(`\`${use.name}\` isn't written alike in all classes`, use.at)
  }
  const told = schemaType({
    discriminator: { mapping: Object.fromEntries(mapping), propertyName },
    oneOf: targets.map((target) => ({ $ref: target })),
  })
  return others.length === members.length ? told : union([told, { kind: "null" }])
}

function targetOf(member: Type, at: Location): string {
  const target = member.kind === "schema" && member.family === "reference" ? member.schema["$ref"] : null
  if (typeof target !== "string") throw new Undecided("a discriminator is followed between classes only", at)
  return target
}
