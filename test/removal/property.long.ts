import "./property.test.ts"
