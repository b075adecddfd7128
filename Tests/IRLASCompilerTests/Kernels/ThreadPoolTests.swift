import CKernels
import IRLASTestSupport
import Testing

@Suite struct ThreadPoolTests {
  /// A convolution followed by its batch statistics: the same bits on any number of threads.
  @Test func anyNumberOfThreadsGivesTheSameBits() {
    var random = RandomSource(seed: 5)
    var conv = irlas_conv(
      batch: 3, height: 9, width: 9, channels: 5, out_height: 9, out_width: 9, outputs: 24, kernel_height: 3,
      kernel_width: 3, stride_height: 1, stride_width: 1, dilation_height: 1, dilation_width: 1, pad_top: 1,
      pad_left: 1, groups: 1, has_bias: 0, has_residual: 0, activation: 1, splits: 1, pairs: 0, normalizes: 0,
      strassen: 0,
      x_pitch: 5,
      y_pitch: 24,
      residual_pitch: 24)
    var reduction = irlas_reduction(
      rows: 243, channels: 24, blocks: irlas_reduction_blocks(243, 24), pitch: 24)
    let x = FencedFloats(PrebuiltKernel.values(3 * 81 * 5, whole: false, using: &random))
    let weight = FencedFloats(PrebuiltKernel.values(24 * 5 * 9, whole: false, using: &random))
    var results: [[Float]] = []
    for threads: Int32 in [1, 2, 3] {
      let y = FencedFloats(count: 243 * 24)
      let partials = FencedFloats(count: reduction.blocks * 48)
      let statistics = FencedFloats(count: 48)
      var operands: [[UnsafeMutablePointer<Float>?]] = [
        [y.pointer, x.pointer, weight.pointer], [partials.pointer, y.pointer],
        [statistics.pointer, partials.pointer],
      ]
      let ids = [IRLAS_CONV_FORWARD, IRLAS_BATCH_STATISTICS_PARTIAL, IRLAS_BATCH_STATISTICS]
      let pool = irlas_pool_create(threads)
      #expect(irlas_pool_threads(pool) == threads)
      var nanoseconds: [UInt64] = [0, 0, 0]
      let combination = irlas_statistics(
        channels: 24, images: 1, bands: reduction.blocks, rows: 243, columns: 1, unit: 1)
      withUnsafePointer(to: &conv) { conv in
        withUnsafePointer(to: &reduction) { reduction in
          let blocks = UnsafeMutablePointer<irlas_statistics>.allocate(capacity: 1)
          defer { blocks.deallocate() }
          blocks.initialize(to: combination)
          let dims = [UnsafeRawPointer(conv), UnsafeRawPointer(reduction), UnsafeRawPointer(blocks)]
          var scratch = 0
          var steps: [irlas_step] = []
          for (index, id) in ids.enumerated() {
            let kernel = irlas_kernel(id)!.pointee
            scratch = max(scratch, kernel.scratch(dims[index]))
            let pointers = operands[index].withUnsafeMutableBufferPointer { buffer in
              let copy = UnsafeMutablePointer<UnsafeMutablePointer<Float>?>.allocate(capacity: buffer.count)
              copy.initialize(from: buffer.baseAddress!, count: buffer.count)
              return copy
            }
            steps.append(
              irlas_step(
                run: kernel.run, dims: dims[index], operands: pointers, tasks: kernel.tasks(dims[index])))
          }
          #expect(irlas_pool_reserve(pool, scratch) == 0)
          for _ in 0..<20 { #expect(irlas_pool_run(pool, steps, 3, nil, &nanoseconds) == 3) }
          for step in steps { step.operands.deallocate() }
        }
      }
      irlas_pool_destroy(pool)
      #expect(nanoseconds.allSatisfy { $0 > 0 })
      withExtendedLifetime((x, weight, partials)) {}
      results.append(statistics.values + y.values)
    }
    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
  }

  @Test func aCancelledRunStopsBetweenSteps() {
    let pool = irlas_pool_create(2)
    defer { irlas_pool_destroy(pool) }
    var cancel: Int32 = 1
    let step = irlas_step(run: { _, _, _, _ in }, dims: nil, operands: nil, tasks: 4)
    #expect(irlas_pool_run(pool, [step, step], 2, &cancel, nil) == 0)
    cancel = 0
    #expect(irlas_pool_run(pool, [step, step], 2, &cancel, nil) == 2)
  }

  /// Each kernel's row in the table is complete, and its parts of the text exist.
  @Test func theKernelTableIsComplete() {
    var parts = 0
    while irlas_kernel_text(Int32(parts), nil) != nil { parts += 1 }
    #expect(parts > 0)
    var names: Set<String> = []
    for id in 0..<IRLAS_KERNEL_COUNT.rawValue {
      let kernel = irlas_kernel(irlas_kernel_id(id))!.pointee
      let name = String(cString: kernel.name)
      #expect(names.insert(name).inserted)
      #expect(kernel.parts < 1 << parts)
      let text = (0..<parts).filter { kernel.parts >> $0 & 1 == 1 }
        .map { String(cString: irlas_kernel_text(Int32($0), nil)) }.joined()
      #expect(text.contains("IRLAS_INLINE void irlas_\(name)("))
      #expect(text.contains("struct \(String(cString: kernel.dims)) {"))
    }
  }
}
