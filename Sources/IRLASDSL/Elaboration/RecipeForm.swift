import IRLASGraph

/// The shape of a value in a recipe: a word, with arguments where it has parameters.
///
/// The lists below are the only place that knows what recipes may say; messages and the manual are made from them.
package struct RecipeForm: Sendable {
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
    let list = parameters.map { parameter in
      parameter.defaultValue.map { "\(parameter.name): \($0.text)" }
        ?? "\(parameter.name): \(parameter.argument.name)"
    }
    return "\(name)(\(list.joined(separator: ", ")))"
  }

  private static let count = 0...1_000_000_000
  private static let positive = 1...1_000_000_000

  private static func source(_ name: String, _ documentation: String) -> RecipeForm {
    RecipeForm(
      name: name,
      parameters: [
        Parameter(name: "folder", argument: .string, defaultValue: nil, isOptional: true),
        Parameter(name: "validation", argument: .int(count), defaultValue: .integer(0)),
      ], documentation: documentation)
  }

  /// Where the images come from: the first link of `data`.
  package static let sources: [RecipeForm] = [
    source("idx", "the four IDX files of MNIST and its relatives"),
    source("cifar10", "CIFAR-10's binary version"),
    source("cifar100", "CIFAR-100's binary version, fine labels"),
  ]

  /// What happens to an image: the further links of `data`.
  package static let augmentations: [RecipeForm] = [
    RecipeForm(
      name: "pad", parameters: [Parameter(name: "border", argument: .int(0...4096), defaultValue: nil)],
      documentation: "black pixels on all four sides"),
    RecipeForm(
      name: "crop", parameters: [Parameter(name: "size", argument: .size, defaultValue: nil)],
      documentation: "a window: anywhere while training, the centre otherwise"),
    RecipeForm(
      name: "flip", parameters: [], documentation: "mirrors left and right half of the time while training"),
    RecipeForm(
      name: "shift", parameters: [Parameter(name: "pixels", argument: .int(0...4096), defaultValue: nil)],
      documentation: "moves by up to so many pixels along both axes while training"),
    RecipeForm(
      name: "cutout", parameters: [Parameter(name: "size", argument: .int(0...4096), defaultValue: nil)],
      documentation: "blackens a square at a random place while training (DeVries and Taylor, 2017)"),
    RecipeForm(
      name: "normalize", parameters: [],
      documentation: "subtracts the training set's mean and divides by its deviation, channel by channel"),
  ]

  /// What is minimised.
  package static let losses: [RecipeForm] = [
    RecipeForm(
      name: "cross_entropy",
      parameters: [
        Parameter(name: "of", argument: .output, defaultValue: nil, isOptional: true),
        Parameter(name: "smoothing", argument: .float(0...1, excludesUpper: true), defaultValue: .float(0)),
      ], documentation: "softmax cross entropy of an output, the only one by default, with label smoothing")
  ]

  /// How the parameters move.
  package static let optimizers: [RecipeForm] = [
    RecipeForm(
      name: "sgd",
      parameters: [
        Parameter(name: "lr", argument: .float(0...1e6, excludesLower: true), defaultValue: nil),
        Parameter(name: "momentum", argument: .float(0...1, excludesUpper: true), defaultValue: .float(0)),
        Parameter(name: "nesterov", argument: .bool, defaultValue: .boolean(false)),
        Parameter(name: "decay", argument: .float(0...1e6), defaultValue: .float(0)),
      ], documentation: "stochastic gradient descent with momentum and weight decay, as PyTorch defines them")
  ]

  /// How the learning rate moves; phases are joined with `then`.
  package static let schedules: [RecipeForm] = [
    RecipeForm(name: "constant", parameters: [], documentation: "the learning rate as given"),
    RecipeForm(
      name: "cosine", parameters: [], documentation: "half a cosine down to 0 over the epochs that remain"),
    RecipeForm(
      name: "step",
      parameters: [
        Parameter(name: "at", argument: .epochs, defaultValue: nil),
        Parameter(name: "by", argument: .float(0...1e6, excludesLower: true), defaultValue: nil),
      ], documentation: "multiplied by `by` at the start of each epoch in `at`, counted from 0"),
    RecipeForm(
      name: "warmup", parameters: [Parameter(name: "epochs", argument: .int(positive), defaultValue: nil)],
      documentation: "linear from 0 over so many epochs; another phase follows"),
  ]

  /// The fields of a recipe: name, whether it has to be given, and what it says.
  package static let fields: [(name: String, isRequired: Bool, documentation: String)] = [
    ("data", true, "the images and what happens to them"),
    ("batch", false, "images per step; 128"),
    ("epochs", false, "passes over the training images; 1"),
    ("loss", false, "what is minimised; cross_entropy"),
    ("optimizer", true, "how the parameters move"),
    ("schedule", false, "how the learning rate moves; constant"),
    ("seed", false, "of initialisation, order and augmentation; 0"),
  ]
}

extension RecipeForm.Argument {
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
