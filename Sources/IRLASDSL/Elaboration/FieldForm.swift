import IRLASGraph

/// The shape of a value in a recipe or search: a word, with arguments where it has parameters.
///
/// `RecipeForm` and `SearchForm` list them.
package struct FieldForm: Sendable {
  /// What an argument may be.
  enum Argument: Sendable {
    case int(ClosedRange<Int>)
    /// At least the lower bound and at most the upper one; `excludesUpper` leaves out the latter.
    case float(ClosedRange<Double>, excludesUpper: Bool = false, excludesLower: Bool = false)
    case bool
    case size
    case string
    case epochs
    /// The name of an output of the network, which the recipe does not know.
    case output
    /// One of the given words.
    case word([String])
    /// The name of a recipe.
    case recipe
    /// A positive number, or a list of them.
    case weights
    /// A number from 0 to 1, or a list of them.
    case shares
    /// Seconds, or a number with ms, s, m or h.
    case duration
    /// A list of different numbers that are not negative.
    case seeds
  }

  /// A parameter of a form.
  struct Parameter: Sendable {
    /// Its name, which is also its label.
    let name: String
    /// What it may be.
    let argument: Argument
    /// Nil when it has to be given.
    let defaultValue: Value?
    /// Whether it may be left out without a default.
    var isOptional = false

    /// The default as it is written, or what a value has to be.
    var text: String {
      guard let defaultValue else { return argument.name }
      if case .word = argument, case .string(let word) = defaultValue { return word }
      return defaultValue.text
    }
  }

  /// The word.
  package let name: String
  /// The parameters, in the order in which they may be given without labels.
  let parameters: [Parameter]
  /// What it does, in one line.
  package let documentation: String

  /// The form as the manual writes it.
  package var signature: String {
    if parameters.isEmpty { return name }
    return "\(name)(\(parameters.map { "\($0.name): \($0.text)" }.joined(separator: ", ")))"
  }

  /// The words that the value of a recipe's or search's field may be made of; `require` counts as a field.
  package static func forms(of field: String) -> [FieldForm] {
    switch field {
    case "data": RecipeForm.sources + RecipeForm.augmentations
    case "loss": RecipeForm.losses
    case "optimizer": RecipeForm.optimizers
    case "schedule": RecipeForm.schedules
    case "mirror": SearchForm.mirrors
    case "reward", "require": SearchForm.figures
    case "agent": SearchForm.agents
    case "fidelity": SearchForm.fidelities
    case "budget": SearchForm.budgets
    default: []
    }
  }
}

extension FieldForm.Argument {
  /// What a value has to be, for messages.
  var name: String {
    switch self {
    case .int(let range): "an Int from \(range.lowerBound) to \(grouped(range.upperBound))"
    case .float(let range, let excludesUpper, let excludesLower):
      range.upperBound == 1e6
        ? (excludesLower ? "a positive number up to 1_000_000" : "a number from 0 to 1_000_000")
        : "a number from \(short(range.lowerBound)) \(excludesUpper ? "and below" : "to") \(short(range.upperBound))"
    case .bool: "true or false"
    case .size: "a size such as 32x32"
    case .string: "a string"
    case .output: "the name of an output"
    case .word(let words): words.joined(separator: " or ")
    case .recipe: "the name of a recipe"
    case .weights: "a number that is not negative, or a list of them"
    case .shares: "a number from 0 to 1, or a list of them"
    case .duration: "a time such as 30s, 10m or 2h"
    case .seeds: "a list of different Ints such as [0, 1, 2]"
    case .epochs: "a list of increasing epochs such as [150, 225]"
    }
  }

  private func short(_ value: Double) -> String { Int(exactly: value).map(grouped) ?? "\(value)" }

  /// The value where it is of this kind and in range.
  func accept(_ value: Value) -> Value? {
    switch (self, value) {
    case (.int(let range), .integer(let number)): return range.contains(number) ? value : nil
    case (.float(let range, let excludesUpper, let excludesLower), _):
      guard let number = value.number, range.contains(number) else { return nil }
      if excludesUpper, number == range.upperBound { return nil }
      if excludesLower, number == range.lowerBound { return nil }
      return .float(number)
    case (.bool, .boolean), (.string, .string): return value
    case (.weights, _): return Self.numbers(value) { $0 >= 0 && $0 <= 1e6 }
    case (.shares, _): return Self.numbers(value) { (0...1).contains($0) }
    case (.duration, _):
      guard let seconds = value.number, seconds > 0, seconds <= 1e9 else { return nil }
      return .float(seconds)
    case (.seeds, .list(let list)):
      guard let seeds = list.integers, !seeds.isEmpty, seeds.allSatisfy({ $0 >= 0 }),
        Set(seeds).count == seeds.count
      else { return nil }
      return value
    case (.size, .kernel(let size)): return size.height > 0 && size.width > 0 ? value : nil
    case (.epochs, .integer(let epoch)): return epoch >= 0 ? .list(Value.List([value])) : nil
    case (.epochs, .list(let list)):
      guard let epochs = list.integers, !epochs.isEmpty, epochs[0] >= 0,
        zip(epochs, epochs.dropFirst()).allSatisfy({ $0 < $1 })
      else { return nil }
      return value
    default: return nil
    }
  }

  /// One number or a list of them as a list, when all are allowed.
  private static func numbers(_ value: Value, _ isAllowed: (Double) -> Bool) -> Value? {
    var elements = [value]
    if case .list(let list) = value { elements = list.elements }
    let numbers = elements.compactMap(\.number)
    guard !numbers.isEmpty, numbers.count == elements.count, numbers.allSatisfy(isAllowed) else { return nil }
    return .list(Value.List(numbers.map(Value.float)))
  }
}
