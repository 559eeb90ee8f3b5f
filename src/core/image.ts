/** What a registry says of an image. Only `there` moves a deployment to it; the others say why it stays where it is. */
export type ImageVerdict =
  | { readonly kind: "there" }
  /** The registry answered, and has no such image (yet). */
  | { readonly kind: "missing"; readonly message: string }
  /** The registry couldn't be asked, or didn't say. */
  | { readonly kind: "unknown"; readonly message: string }
