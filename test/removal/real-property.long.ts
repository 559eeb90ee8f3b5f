import "./real-property.test.ts"
