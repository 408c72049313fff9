/**
 * All methods by name, and a method with its settings as a JSON file. What quantizes a model from outside starts here; no method imports this package.
 */
@NullMarked
package io.arvid.quantize.recipe;

import org.jspecify.annotations.NullMarked;
