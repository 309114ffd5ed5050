package import FramedSerial

/// The way to one safety controller.
package typealias SafetyWire = FramedWire
