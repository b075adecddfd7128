import IRLASGraph

/// What recipes may say. The lists are the only place that knows it: messages and the manual are made from them.
package enum RecipeForm {
  private static let count = 0...1_000_000_000
  private static let positive = 1...1_000_000_000

  private static func source(_ name: String, _ documentation: String) -> FieldForm {
    FieldForm(
      name: name,
      parameters: [
        FieldForm.Parameter(name: "folder", argument: .string, defaultValue: nil, isOptional: true),
        FieldForm.Parameter(name: "validation", argument: .int(count), defaultValue: .integer(0)),
      ], documentation: documentation)
  }

  /// Where the images come from: the first link of `data`.
  package static let sources: [FieldForm] = [
    source("idx", "the four IDX files of MNIST and its relatives"),
    source("cifar10", "CIFAR-10's binary version"),
    source("cifar100", "CIFAR-100's binary version, fine labels"),
  ]

  /// What happens to an image: the further links of `data`.
  package static let augmentations: [FieldForm] = [
    FieldForm(
      name: "pad",
      parameters: [FieldForm.Parameter(name: "border", argument: .int(0...4096), defaultValue: nil)],
      documentation: "black pixels on all four sides"),
    FieldForm(
      name: "crop", parameters: [FieldForm.Parameter(name: "size", argument: .size, defaultValue: nil)],
      documentation: "a window: anywhere while training, the centre otherwise"),
    FieldForm(
      name: "flip", parameters: [], documentation: "mirrors left and right half of the time while training"),
    FieldForm(
      name: "shift",
      parameters: [FieldForm.Parameter(name: "pixels", argument: .int(0...4096), defaultValue: nil)],
      documentation: "moves by up to so many pixels along both axes while training"),
    FieldForm(
      name: "cutout",
      parameters: [FieldForm.Parameter(name: "size", argument: .int(0...4096), defaultValue: nil)],
      documentation: "blackens a square at a random place while training (DeVries and Taylor, 2017)"),
    FieldForm(
      name: "normalize", parameters: [],
      documentation: "subtracts the training set's mean and divides by its deviation, channel by channel"),
  ]

  /// What is minimised.
  package static let losses: [FieldForm] = [
    FieldForm(
      name: "cross_entropy",
      parameters: [
        FieldForm.Parameter(name: "of", argument: .output, defaultValue: nil, isOptional: true),
        FieldForm.Parameter(
          name: "smoothing", argument: .float(0...1, excludesUpper: true), defaultValue: .float(0)),
      ], documentation: "softmax cross entropy of an output, the only one by default, with label smoothing")
  ]

  /// How the parameters move.
  package static let optimizers: [FieldForm] = [
    FieldForm(
      name: "sgd",
      parameters: [
        FieldForm.Parameter(name: "lr", argument: .float(0...1e6, excludesLower: true), defaultValue: nil),
        FieldForm.Parameter(
          name: "momentum", argument: .float(0...1, excludesUpper: true), defaultValue: .float(0)),
        FieldForm.Parameter(name: "nesterov", argument: .bool, defaultValue: .boolean(false)),
        FieldForm.Parameter(name: "decay", argument: .float(0...1e6), defaultValue: .float(0)),
      ], documentation: "stochastic gradient descent with momentum and weight decay, as PyTorch defines them")
  ]

  /// How the learning rate moves; phases are joined with `then`.
  package static let schedules: [FieldForm] = [
    FieldForm(name: "constant", parameters: [], documentation: "the learning rate as given"),
    FieldForm(
      name: "cosine", parameters: [], documentation: "half a cosine down to 0 over the epochs that remain"),
    FieldForm(
      name: "step",
      parameters: [
        FieldForm.Parameter(name: "at", argument: .epochs, defaultValue: nil),
        FieldForm.Parameter(name: "by", argument: .float(0...1e6, excludesLower: true), defaultValue: nil),
      ], documentation: "multiplied by `by` at the start of each epoch in `at`, counted from 0"),
    FieldForm(
      name: "warmup",
      parameters: [FieldForm.Parameter(name: "epochs", argument: .int(positive), defaultValue: nil)],
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
