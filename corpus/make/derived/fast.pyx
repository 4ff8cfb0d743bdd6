# The correction that only the pilots know.
def correct(double height):
    """Corrects a height."""
    cdef double offset = 0.3

    # two steps


    # then the result
    return height - offset
