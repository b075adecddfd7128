import IRLASSearch

/// The blocks that the evidence about the mirror is gathered on, fixed before anything was measured.
enum EvidenceBlocks {
  /// Where a block stands: a file under the checkout, a network of it and a cell of that.
  struct Place {
    /// Nil for what a search found.
    let family: Family?
    let name: String
    let file: String
    let network: String
    let cell: String
  }

  /// Blocks that were made after each other.
  enum Family: String {
    /// Sums around convolutions.
    case residual
    /// Everything before is concatenated.
    case dense
    /// Parallel branches of several windows, concatenated.
    case branches
    /// Depthwise convolutions between 1x1 convolutions.
    case depthwise
  }

  static let expert = Place(.residual, "ResNeXt", "resnext29", "ResNeXt29", "Bottleneck")

  /// Blocks that people designed.
  static let designed = [
    Place(.residual, "ResNet basic", "resnet_basic", "ResNet34", "Basic"),
    Place(.residual, "ResNet bottleneck", "resnet50", "ResNet50", "Bottleneck"),
    Place(.residual, "pre-activation bottleneck", "preresnet", "PreResNet50", "Bottleneck"),
    Place(.dense, "DenseNet", "densenet40", "DenseNet40", "Dense"),
    Place(.branches, "Inception v1", "googlenet", "GoogLeNet", "Inception"),
    Place(.branches, "Inception v3 A", "inception_v3", "InceptionV3", "A"),
    Place(.branches, "Inception v3 B", "inception_v3", "InceptionV3", "B"),
    Place(.branches, "Inception v3 C", "inception_v3", "InceptionV3", "C"),
    Place(.depthwise, "Xception", "xception", "Xception", "Middle"),
    Place(.depthwise, "MobileNetV1", "mobilenet_v1", "MobileNetV1", "sep"),
    Place(.depthwise, "MobileNetV2", "mobilenet_v2", "MobileNetV2", "InvertedResidual"),
    Place(.depthwise, "ShuffleNetV1", "shufflenet_v1", "ShuffleNetV1", "Unit"),
    Place(.depthwise, "ShuffleNetV2", "shufflenet_v2", "ShuffleNetV2", "Unit"),
    Place(.branches, "SqueezeNet fire", "squeezenet", "SqueezeNet11", "Fire"),
    Place(.residual, "wide ResNet", "wide_resnet", "WideResNet", "Basic"),
    Place(
      family: .residual, name: "ResNet-D", file: "Benchmarks/evidence/resnet_d.irlas", network: "ResNetD",
      cell: "Bottleneck"),
    Place(.residual, "Res2Net", "res2net", "Res2Net50", "Res2"),
  ]

  /// Cells that a search found.
  static let searched = [
    Place(nil, "NASNet-A normal", "nasnet_a", "NASNetAMobile", "Normal"),
    Place(nil, "NASNet-A reduction", "nasnet_a", "NASNetAMobile", "Reduction"),
    Place(nil, "AmoebaNet-A normal", "amoebanet_a", "AmoebaNetA", "Normal"),
    Place(nil, "AmoebaNet-A reduction", "amoebanet_a", "AmoebaNetA", "Reduction"),
    Place(nil, "PNASNet-5", "pnasnet5", "PNASNet5Mobile", "Cell"),
    Place(nil, "ENAS normal", "enas", "ENAS", "Normal"),
    Place(nil, "ENAS reduction", "enas", "ENAS", "Reduction"),
    Place(nil, "DARTS V1 normal", "darts_v1", "DARTS", "Normal"),
    Place(nil, "DARTS V1 reduction", "darts_v1", "DARTS", "Reduction"),
    Place(nil, "DARTS V2 normal", "darts_v2", "DARTS", "Normal"),
    Place(nil, "DARTS V2 reduction", "darts_v2", "DARTS", "Reduction"),
  ]
}

extension EvidenceBlocks.Place {
  /// A block of a published sample.
  fileprivate init(
    _ family: EvidenceBlocks.Family?, _ name: String, _ file: String, _ network: String, _ cell: String
  ) {
    self.init(
      family: family, name: name, file: "samples/published/\(file).irlas", network: network, cell: cell)
  }

  /// The block under its name.
  func block() throws -> MirrorEvidence.Block {
    let choice = BlockChoice(file: file, name: network, cell: cell, settings: [], short: true)
    return MirrorEvidence.Block(name: name, family: family?.rawValue, view: try choice.block().view)
  }
}
