import IRLASSearch

/// The blocks that the evidence about the mirror is gathered on, fixed before anything was measured.
enum EvidenceBlocks {
  /// Where a block stands: a file under the checkout, a network of it and a cell of that.
  struct Place {
    let name: String
    let file: String
    let network: String
    let cell: String
  }

  static let expert = Place("ResNeXt", "resnext29", "ResNeXt29", "Bottleneck")

  /// Blocks that people designed.
  static let designed = [
    Place("ResNet basic", "resnet_basic", "ResNet34", "Basic"),
    Place("ResNet bottleneck", "resnet50", "ResNet50", "Bottleneck"),
    Place("pre-activation bottleneck", "preresnet", "PreResNet50", "Bottleneck"),
    Place("DenseNet", "densenet40", "DenseNet40", "Dense"),
    Place("Inception v1", "googlenet", "GoogLeNet", "Inception"),
    Place("Inception v3 A", "inception_v3", "InceptionV3", "A"),
    Place("Inception v3 B", "inception_v3", "InceptionV3", "B"),
    Place("Inception v3 C", "inception_v3", "InceptionV3", "C"),
    Place("Xception", "xception", "Xception", "Middle"),
    Place("MobileNetV1", "mobilenet_v1", "MobileNetV1", "sep"),
    Place("MobileNetV2", "mobilenet_v2", "MobileNetV2", "InvertedResidual"),
    Place("ShuffleNetV1", "shufflenet_v1", "ShuffleNetV1", "Unit"),
    Place("ShuffleNetV2", "shufflenet_v2", "ShuffleNetV2", "Unit"),
    Place("SqueezeNet fire", "squeezenet", "SqueezeNet11", "Fire"),
    Place("wide ResNet", "wide_resnet", "WideResNet", "Basic"),
    Place(
      name: "ResNet-D", file: "Benchmarks/evidence/resnet_d.irlas", network: "ResNetD", cell: "Bottleneck"),
    Place("Res2Net", "res2net", "Res2Net50", "Res2"),
  ]

  /// Cells that a search found.
  static let searched = [
    Place("NASNet-A normal", "nasnet_a", "NASNetAMobile", "Normal"),
    Place("NASNet-A reduction", "nasnet_a", "NASNetAMobile", "Reduction"),
    Place("AmoebaNet-A normal", "amoebanet_a", "AmoebaNetA", "Normal"),
    Place("AmoebaNet-A reduction", "amoebanet_a", "AmoebaNetA", "Reduction"),
    Place("PNASNet-5", "pnasnet5", "PNASNet5Mobile", "Cell"),
    Place("ENAS normal", "enas", "ENAS", "Normal"),
    Place("ENAS reduction", "enas", "ENAS", "Reduction"),
    Place("DARTS V1 normal", "darts_v1", "DARTS", "Normal"),
    Place("DARTS V1 reduction", "darts_v1", "DARTS", "Reduction"),
    Place("DARTS V2 normal", "darts_v2", "DARTS", "Normal"),
    Place("DARTS V2 reduction", "darts_v2", "DARTS", "Reduction"),
  ]
}

extension EvidenceBlocks.Place {
  /// A block of a published sample.
  fileprivate init(_ name: String, _ file: String, _ network: String, _ cell: String) {
    self.init(name: name, file: "samples/published/\(file).irlas", network: network, cell: cell)
  }

  /// The block under its name.
  func block() throws -> MirrorEvidence.Block {
    let choice = BlockChoice(file: file, name: network, cell: cell, settings: [], short: true)
    return MirrorEvidence.Block(name: name, view: try choice.block().view)
  }
}
