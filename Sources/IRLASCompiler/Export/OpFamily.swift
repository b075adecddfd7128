import IRLASGraph

/// What an op is to a reader of a diagram; each family has a colour.
enum OpFamily: String, CaseIterable {
  case data
  case convolution
  case linear
  case attention
  case normalization
  case activation
  case pooling
  case merge
  case rearrangement
  case regularization
  case training
  /// A cell that is drawn as one box.
  case cell
}

extension Op {
  /// The op's family.
  var family: OpFamily {
    switch self {
    case .input, .labels, .hyperparameter, .parameter, .state, .zero, .learned: .data
    case .conv: .convolution
    case .linear: .linear
    case .attention: .attention
    case .batchNorm, .batchStatistics, .batchNormalize, .layerNorm: .normalization
    case .activation, .softmax: .activation
    case .maxPool, .averagePool, .globalAveragePool: .pooling
    case .add, .multiply, .concat: .merge
    case .slice, .channelShuffle, .crop, .pad, .upsample, .flatten, .flattenPlaces, .identity, .unflatten:
      .rearrangement
    case .dropout, .dropPath, .randomMask: .regularization
    case .softmaxCrossEntropy, .convInputGradient, .convWeightGradient, .biasGradient, .linearInputGradient,
      .linearWeightGradient, .batchNormReduce, .batchNormInputGradient, .row, .runningMean, .runningVariance,
      .activationGradient, .maxPoolGradient, .averagePoolGradient, .globalAveragePoolGradient, .spatialSum,
      .embed, .upsampleGradient, .softmaxCrossEntropyGradient, .sgdVelocity, .sgdStep, .foldedWeight,
      .foldedBias, .composedWeight, .composedBias, .layerNormReduce, .layerNormInputGradient,
      .attentionGradient, .learnedGradient,
      .softmaxGradient:
      .training
    }
  }
}

/// The colours of one family: a soft ground, a stronger line and text that can be read on the ground.
struct FamilyColours {
  let fill: String
  let line: String
  let text: String
}

/// All colours of a theme.
struct DiagramPalette {
  let background: String
  let text: String
  /// Details, shapes.
  let faint: String
  let edge: String
  /// Cells that are open, by nesting, the outermost first; deeper ones start again.
  let clusterFills: [String]
  let clusterLine: String
  /// `× n`.
  let badge: String
  /// Lines around boxes that stand out.
  let speaksFor: String
  let speaksAgainst: String
  private let families: [OpFamily: FamilyColours]

  func colours(_ family: OpFamily) -> FamilyColours {
    families[family] ?? FamilyColours(fill: background, line: edge, text: text)
  }

  /// The colours of what was measured, from nothing (0) to the largest share (1), in seven steps. They are those of
  /// both themes: dark text on light grounds, but for the hottest.
  func heat(_ value: Double) -> FamilyColours {
    let fills = ["#fffbeb", "#fef3c7", "#fde68a", "#fdba74", "#fb923c", "#ef4444", "#991b1b"]
    let step = min(fills.count - 1, Int((value.squareRoot() * Double(fills.count - 1)).rounded()))
    return FamilyColours(fill: fills[step], line: "#a8a29e", text: step >= 5 ? "#ffffff" : "#1c1917")
  }

  static func palette(_ theme: DiagramOptions.Theme) -> DiagramPalette {
    switch theme {
    case .light: light
    case .dark: dark
    }
  }

  private static let light = DiagramPalette(
    background: "#ffffff", text: "#1f2937", faint: "#6b7280", edge: "#94a3b8",
    clusterFills: ["#f8fafc", "#f1f5f9", "#e9eef5"], clusterLine: "#cbd5e1",
    badge: "#c2410c", speaksFor: "#15803d", speaksAgainst: "#b91c1c",
    families: [
      .data: FamilyColours(fill: "#f1f5f9", line: "#64748b", text: "#334155"),
      .convolution: FamilyColours(fill: "#dbeafe", line: "#3b82f6", text: "#1e3a8a"),
      .linear: FamilyColours(fill: "#e0e7ff", line: "#6366f1", text: "#312e81"),
      .attention: FamilyColours(fill: "#fae8ff", line: "#c026d3", text: "#701a75"),
      .normalization: FamilyColours(fill: "#fef3c7", line: "#d97706", text: "#78350f"),
      .activation: FamilyColours(fill: "#ffe4e6", line: "#f43f5e", text: "#881337"),
      .pooling: FamilyColours(fill: "#ccfbf1", line: "#0d9488", text: "#134e4a"),
      .merge: FamilyColours(fill: "#ede9fe", line: "#8b5cf6", text: "#4c1d95"),
      .rearrangement: FamilyColours(fill: "#cffafe", line: "#0891b2", text: "#164e63"),
      .regularization: FamilyColours(fill: "#f5f5f4", line: "#a8a29e", text: "#44403c"),
      .training: FamilyColours(fill: "#ffedd5", line: "#ea580c", text: "#7c2d12"),
      .cell: FamilyColours(fill: "#ffffff", line: "#475569", text: "#0f172a"),
    ])

  private static let dark = DiagramPalette(
    background: "#0f172a", text: "#e2e8f0", faint: "#94a3b8", edge: "#64748b",
    clusterFills: ["#172033", "#1c273d", "#222f48"], clusterLine: "#334155",
    badge: "#fdba74", speaksFor: "#4ade80", speaksAgainst: "#ef4444",
    families: [
      .data: FamilyColours(fill: "#1e293b", line: "#94a3b8", text: "#e2e8f0"),
      .convolution: FamilyColours(fill: "#172f5c", line: "#60a5fa", text: "#dbeafe"),
      .linear: FamilyColours(fill: "#272864", line: "#818cf8", text: "#e0e7ff"),
      .attention: FamilyColours(fill: "#451a4e", line: "#e879f9", text: "#fae8ff"),
      .normalization: FamilyColours(fill: "#46300f", line: "#f59e0b", text: "#fef3c7"),
      .activation: FamilyColours(fill: "#4c1426", line: "#fb7185", text: "#ffe4e6"),
      .pooling: FamilyColours(fill: "#103c3a", line: "#2dd4bf", text: "#ccfbf1"),
      .merge: FamilyColours(fill: "#33215f", line: "#a78bfa", text: "#ede9fe"),
      .rearrangement: FamilyColours(fill: "#11394a", line: "#22d3ee", text: "#cffafe"),
      .regularization: FamilyColours(fill: "#292524", line: "#a8a29e", text: "#e7e5e4"),
      .training: FamilyColours(fill: "#4a230e", line: "#fb923c", text: "#ffedd5"),
      .cell: FamilyColours(fill: "#1e293b", line: "#cbd5e1", text: "#f8fafc"),
    ])
}
