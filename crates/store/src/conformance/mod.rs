//! What every engine must do, one case for each invariant, and a mutant for each case.
