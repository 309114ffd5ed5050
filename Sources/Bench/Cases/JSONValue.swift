package import JSON

/// The bench means this one; FlyingFox has a type of the same name.
package typealias JSONValue = JSON.JSONValue
