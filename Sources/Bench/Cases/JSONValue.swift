import JSON

/// The bench means this one; FlyingFox has a type of the same name.
typealias JSONValue = JSON.JSONValue
