import IRLASGraph

extension Machine {
  /// Applies std's `fit` as one op: the projection is made even where shapes agree, in a scope that counts as one
  /// node. Gives false, having done nothing, where the shape to fit is not known or cannot be reached.
  func applyOpaque(_ arguments: [Value?], _ layer: LayerValue, _ tensors: [Tensor], _ site: SourceSpan)
    -> Bool
  {
    guard let assembly, case .module(_, _, let peer) = layer.kind, tensors.count == 1 else { return false }
    guard case .shape(let target)? = (arguments.first ?? nil) ?? peer else { return false }
    let source = assembly.shape(tensors[0].node)
    guard target.height > 0, target.width > 0 else { return false }
    let stride = (source.height - 1) / target.height + 1
    let convolution = Convolution(window: Window(kernelSize: .one, stride: Extent(square: stride)))
    assembly.builder.openScope(.cell, name: layer.name, label: layer.name, origin: assembly.origin(of: site))
    let scope = assembly.builder.scope
    defer { assembly.builder.closeScope() }
    do throws(ShapeIssue) {
      let projected = try assembly.builder.conv(tensors[0].node, out: target.channels, convolution)
      let result = try assembly.builder.batchNorm(projected.result).result
      opaqueScopes.insert(scope)
      push(.tensor(Tensor(node: result, source: site)))
      return true
    } catch {
      return false
    }
  }
}
