/* jansson's loops, which cppcheck does not know without jansson's headers. */
#define json_array_foreach(array, index, value)                                            \
	for (index = 0; (value = json_array_get(array, index)) != 0; index++)
#define json_object_foreach(object, key, value)                                            \
	for (key = json_first(object); (value = json_next(object, key)) != 0;)
