extension Recipe: CustomStringConvertible {
  /// The recipe in the language, with all its values: two recipes train alike if and only if these texts agree
  /// up to the name.
  package var description: String {
    let fields = [
      "data: " + ([data.description] + augmentation.map(\.description)).joined(separator: " -> "),
      "batch: \(batch)",
      "epochs: \(epochs)",
      "loss: \(loss)",
      "optimizer: \(optimizer)",
      "schedule: " + schedule.map(\.description).joined(separator: " then "),
      "seed: \(seed)",
    ]
    return "recipe \(name) {\n" + fields.map { "  \($0)\n" }.joined() + "}\n"
  }
}

extension Recipe.DataSource: CustomStringConvertible {
  package var description: String {
    var arguments: [String] = []
    if let folder { arguments.append("\"\(folder)\"") }
    if validation > 0 { arguments.append("validation: \(validation)") }
    return arguments.isEmpty ? format.rawValue : "\(format.rawValue)(\(arguments.joined(separator: ", ")))"
  }
}

extension Recipe.Augmentation: CustomStringConvertible {
  package var description: String {
    switch self {
    case .pad(let margin): "pad(\(margin))"
    case .crop(let size): "crop(\(size))"
    case .flip: "flip"
    case .shift(let reach): "shift(\(reach))"
    case .cutout(let side): "cutout(\(side))"
    case .normalize: "normalize"
    }
  }
}

extension Recipe.Loss: CustomStringConvertible {
  package var description: String {
    terms.map(\.description).joined(separator: " + ")
  }
}

extension Recipe.Loss.Term: CustomStringConvertible {
  package var description: String {
    var arguments = output.map { ["of: \($0)"] } ?? []
    if smoothing != 0 { arguments.append("smoothing: \(smoothing)") }
    let factor = weight == 1 ? "" : "\(weight) * "
    return factor
      + (arguments.isEmpty ? "cross_entropy" : "cross_entropy(\(arguments.joined(separator: ", ")))")
  }
}

extension Recipe.Optimizer: CustomStringConvertible {
  package var description: String {
    switch self {
    case .sgd(let rate, let momentum, let nesterov, let decay):
      "sgd(lr: \(rate), momentum: \(momentum), nesterov: \(nesterov), decay: \(decay))"
    }
  }
}

extension Recipe.SchedulePhase: CustomStringConvertible {
  package var description: String {
    switch self {
    case .constant: "constant"
    case .warmup(let epochs): "warmup(epochs: \(epochs))"
    case .cosine: "cosine"
    case .step(let epochs, let factor):
      "step(at: [\(epochs.map(String.init).joined(separator: ", "))], by: \(factor))"
    }
  }
}
