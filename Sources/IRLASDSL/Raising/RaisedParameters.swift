import IRLASGraph

/// The parameters of a cell, found from the values that differ between its instances.
///
/// A value that is the same everywhere stays in the cell's text. One that differs follows the arguments that the
/// instances were labelled with, or the channels of an input, or is a simple multiple of another parameter, or
/// becomes a parameter of its own.
struct RaisedParameters {
  /// One parameter.
  struct Parameter {
    var name: String
    /// For each instance its value.
    var values: [RaisedValue]
    var fallback: RaisedValue?
    /// The place of the argument in the labels that it was found in.
    var place = Int.max
  }

  private(set) var parameters: [Parameter] = []
  /// For each argument of the body the text in terms of parameters; nil for those that are the same everywhere.
  private(set) var texts: [String?] = []

  /// One argument of the body in all instances.
  struct Column {
    var role: String
    var values: [RaisedValue]
    var fallback: RaisedValue?

    /// The column with the channels of shapes in their place.
    var plain: Column {
      guard case .sizes? = values.first else { return self }
      let channels = values.map {
        if case .sizes(let channels, _) = $0 { RaisedValue.number(channels) } else { $0 }
      }
      return Column(role: "c", values: channels)
    }
  }

  /// What the instances tell beside their arguments.
  struct Surroundings {
    /// For each input its name and, by instance, its channels.
    var inputs: [(name: String, channels: [Int])]
    /// By instance the channels of the only output; empty where there are several.
    var outputChannels: [Int]
    /// By instance the arguments of its label.
    var labels: [[(name: String?, value: Int)]]
    var isReserved: (String) -> Bool
  }

  init(_ columns: [Column], _ around: Surroundings) {
    texts = [String?](repeating: nil, count: columns.count)
    let original = columns
    let columns = columns.map(\.plain)
    let named = Self.namedColumns(around.labels)
    for (index, column) in columns.enumerated() where Set(column.values).count > 1 {
      if let known = parameters.first(where: { $0.values == column.values }) {
        texts[index] = known.name
      } else if let place = named.firstIndex(where: { $0.matches(column.values) }) {
        texts[index] = add(column, named[place].name, around)
        parameters[parameters.count - 1].place = place
      }
    }
    for (index, column) in columns.enumerated() where Set(column.values).count > 1 && texts[index] == nil {
      texts[index] = expression(for: column, around) ?? add(column, nil, around)
    }
    for (index, column) in original.enumerated() {
      if case .sizes(_, let rest)? = column.values.first {
        texts[index] = texts[index].map { "[\($0)\(rest)]" }
      }
    }
    // The order of the labels, then of first use; those with a default come last.
    let order = parameters.indices.sorted { (parameters[$0].place, $0) < (parameters[$1].place, $1) }
    parameters = order.map { parameters[$0] }
    parameters = parameters.filter { $0.fallback == nil } + parameters.filter { $0.fallback != nil }
  }

  private mutating func add(_ column: Column, _ label: String?, _ around: Surroundings) -> String {
    var base = label ?? column.role
    if label == nil, base == "out", column.values.compactMap(\.number) != around.outputChannels {
      base = parameters.contains { $0.name == "c" } ? "width" : "c"
    }
    var name = base
    var number = 2
    while around.isReserved(name) || parameters.contains(where: { $0.name == name })
      || around.inputs.contains(where: { $0.name == name })
    {
      name = "\(base)\(number)"
      number += 1
    }
    let isUsual = column.fallback.map { column.values.contains($0) } ?? false
    parameters.append(Parameter(name: name, values: column.values, fallback: isUsual ? column.fallback : nil))
    return name
  }

  /// The column as a multiple of something known.
  private func expression(for column: Column, _ around: Surroundings) -> String? {
    if let known = parameters.first(where: { $0.values == column.values }) { return known.name }
    let numbers = column.values.compactMap(\.number)
    guard numbers.count == column.values.count else { return nil }
    var bases = around.inputs.map { ("\($0.name).c", $0.channels) }
    if column.fallback == nil {
      bases += parameters.compactMap { parameter in
        let values = parameter.values.compactMap(\.number)
        let isWidth = parameter.fallback == nil && values.count == numbers.count
        return isWidth ? (parameter.name, values) : nil
      }
    }
    for (name, values) in bases {
      guard values.count == numbers.count, let text = Self.multiple(numbers, of: values, name) else {
        continue
      }
      return text
    }
    return nil
  }

  /// `2 * c`, `c / 4` or `c`, where that gives the numbers.
  private static func multiple(_ numbers: [Int], of values: [Int], _ name: String) -> String? {
    if numbers == values { return name }
    for factor in 2...16 {
      if zip(numbers, values).allSatisfy({ $0 == saturatingProduct($1, factor) }) {
        return "\(factor) * \(name)"
      }
      if zip(numbers, values).allSatisfy({ saturatingProduct($0, factor) == $1 }) {
        return "\(name) / \(factor)"
      }
    }
    return nil
  }

  // MARK: Labels

  private struct NamedColumn {
    var name: String?
    /// Nil where the label does not have the argument: it has its default there.
    var values: [Int?]

    func matches(_ column: [RaisedValue]) -> Bool {
      var rest: RaisedValue?
      for (value, actual) in zip(values, column) {
        guard let value else {
          if rest == nil { rest = actual }
          if rest != actual { return false }
          continue
        }
        if actual != .number(value) { return false }
      }
      return true
    }
  }

  private static func namedColumns(_ labels: [[(name: String?, value: Int)]]) -> [NamedColumn] {
    var columns: [NamedColumn] = []
    var keys: [String] = []
    for label in labels {
      for (position, argument) in label.enumerated() {
        let key = argument.name ?? "#\(position)"
        if !keys.contains(key) { keys.append(key) }
      }
    }
    for key in keys {
      let values = labels.map { label in
        label.enumerated().first { ($0.element.name ?? "#\($0.offset)") == key }?.element.value
      }
      columns.append(NamedColumn(name: key.hasPrefix("#") ? nil : key, values: values))
    }
    return columns
  }

  /// The whole numbers among the arguments of a label such as `Block(64, stride: 2)`.
  static func arguments(ofLabel label: String) -> [(name: String?, value: Int)] {
    guard let open = label.firstIndex(of: "("), label.hasSuffix(")") else { return [] }
    var result: [(name: String?, value: Int)] = []
    for part in label[label.index(after: open)...].dropLast().split(separator: ",") {
      let words = part.split(separator: ":").map { $0.drop { $0 == " " } }
      guard let last = words.last else { continue }
      // Arguments of other kinds keep their place.
      result.append((words.count == 2 ? String(words[0]) : nil, Int(last) ?? Int.min))
    }
    return result
  }
}

extension RaisedValue {
  /// The value as a whole number.
  var number: Int? { if case .number(let value) = self { value } else { nil } }
}
