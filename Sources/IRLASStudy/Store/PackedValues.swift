import FoundationEssentials
import GRDB
import IRLASGraph
import IRLASJSON

/// Lists as they stand in the database.
enum PackedValues {
  /// Real numbers as eight bytes each, the lowest first.
  static func data(_ values: [Double]) -> Data {
    var data = Data(capacity: values.count * 8)
    for value in values {
      var bits = value.bitPattern
      for _ in 0..<8 {
        data.append(UInt8(truncatingIfNeeded: bits))
        bits >>= 8
      }
    }
    return data
  }

  /// The inverse of `data(_:)`; nil when bytes are missing.
  static func doubles(_ data: Data) -> [Double]? {
    guard data.count % 8 == 0 else { return nil }
    return data.withUnsafeBytes { bytes in
      (0..<bytes.count / 8).map { index in
        Double(
          bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)))
      }
    }
  }

  /// Row numbers of the table `decisions`, as four bytes each.
  static func data(_ numbers: [Int32]) -> Data {
    var data = Data(capacity: numbers.count * 4)
    for number in numbers {
      for shift in [0, 8, 16, 24] { data.append(UInt8(truncatingIfNeeded: number >> Int32(shift))) }
    }
    return data
  }

  /// The inverse of `data(_:)`; nil when bytes are missing.
  static func integers(_ data: Data) -> [Int32]? {
    guard data.count % 4 == 0 else { return nil }
    return data.withUnsafeBytes { bytes in
      (0..<bytes.count / 4).map { index in
        Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self))
      }
    }
  }

  /// Real numbers as a JSON list.
  static func text(_ values: [Double]) -> String { JSON.array(values.map { .number($0) }).line }

  /// The inverse of `text(_:)`; what is no number is one that is not a number.
  static func doubles(_ text: String) -> [Double]? {
    guard text.utf8.first == UInt8(ascii: "["), text.utf8.last == UInt8(ascii: "]") else { return nil }
    let inside = text.utf8.dropFirst().dropLast()
    if inside.isEmpty { return [] }
    var values: [Double] = []
    for part in inside.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      guard let value = Double(Substring(part)) else {
        guard Substring(part) == "null" else { return nil }
        values.append(.nan)
        continue
      }
      values.append(value)
    }
    return values
  }

  /// Figures as a JSON object.
  static func text(_ figures: [FigureValue]) -> String {
    JSON.object(figures.map { JSON.Member($0.figure, .number($0.value)) }).line
  }

  /// The inverse of `text(_:)`.
  static func figures(_ text: String) -> [FigureValue]? {
    guard let json = try? JSON.parse(Array(text.utf8)[...]), case .object(let members) = json else {
      return nil
    }
    var figures: [FigureValue] = []
    for member in members {
      switch member.value {
      case .number(let value): figures.append(FigureValue(member.key, value))
      case .integer(let value): figures.append(FigureValue(member.key, Double(value)))
      default: return nil
      }
    }
    return figures
  }
}

extension Row {
  /// The value of a column. GRDB's own subscript ends the process when a damaged row holds something else.
  func value<Value: DatabaseValueConvertible>(_ column: Int) throws -> Value {
    guard column < count, let value = Value.fromDatabaseValue(self[column]) else { throw UnreadableColumn() }
    return value
  }

  /// The value of a column by its name.
  func value<Value: DatabaseValueConvertible>(_ column: String) throws -> Value {
    guard hasColumn(column), let value = Value.fromDatabaseValue(self[column]) else {
      throw UnreadableColumn()
    }
    return value
  }
}

/// A column that holds something else than it should; the store says that the study is damaged.
private struct UnreadableColumn: Error, CustomStringConvertible {
  var description: String { "a column holds something else than it should" }
}
