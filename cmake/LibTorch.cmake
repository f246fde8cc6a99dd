# LibTorch as the target understudy_libtorch: Debian's, or, where UNDERSTUDY_TORCH_WHEELS names the
# site-packages into which pip has put PyTorch with CUDA, that one (docs/gpu.md). Both at once would mix two
# libc10.
set(UNDERSTUDY_TORCH_WHEELS "" CACHE PATH "site-packages with PyTorch's CUDA wheels, or empty")

function(understudy_libtorch_of_wheels)
  set(torch ${UNDERSTUDY_TORCH_WHEELS}/torch)
  file(GLOB cuda ${UNDERSTUDY_TORCH_WHEELS}/nvidia/cu[0-9]*)
  file(GLOB runtime ${cuda}/lib/libcudart.so.*)
  set(nccl ${UNDERSTUDY_TORCH_WHEELS}/nvidia/nccl)
  foreach(needed ${torch}/lib/libtorch_cuda.so "${cuda}/include/cuda_runtime_api.h" "${runtime}" ${nccl}/include/nccl.h)
    if(NOT EXISTS "${needed}")
      message(FATAL_ERROR "UNDERSTUDY_TORCH_WHEELS has no '${needed}'; install PyTorch's CUDA wheels there: docs/gpu.md")
    endif()
  endforeach()
  # The wheel's include folder also holds other people's headers, such as another fmt.
  set(headers ${CMAKE_BINARY_DIR}/libtorch_headers)
  foreach(folder ATen c10 caffe2 torch)
    file(MAKE_DIRECTORY ${headers})
    file(CREATE_LINK ${torch}/include/${folder} ${headers}/${folder} SYMBOLIC)
  endforeach()
  target_include_directories(understudy_libtorch SYSTEM INTERFACE
    ${headers} ${torch}/include/torch/csrc/api/include ${cuda}/include ${nccl}/include)
  target_compile_definitions(understudy_libtorch INTERFACE
    UNDERSTUDY_CUDA USE_CUDA USE_C10D_NCCL)
  target_link_options(understudy_libtorch INTERFACE -Wl,--no-as-needed)
  foreach(library torch torch_cpu torch_cuda c10 c10_cuda)
    target_link_libraries(understudy_libtorch INTERFACE ${torch}/lib/lib${library}.so)
  endforeach()
  target_link_libraries(understudy_libtorch INTERFACE ${runtime})
endfunction()

add_library(understudy_libtorch INTERFACE)
if(UNDERSTUDY_TORCH_WHEELS)
  understudy_libtorch_of_wheels()
else()
  find_package(Torch REQUIRED)
  target_link_libraries(understudy_libtorch INTERFACE ${TORCH_LIBRARIES})
endif()
